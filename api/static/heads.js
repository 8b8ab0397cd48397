// A slider beside the list of days: the list is what is sent, and works without it.
let held = false;

function slide(form) {
  const list = form.querySelector("select[name=as_of]");
  if (!list || form.querySelector("input[type=range]") || list.options.length < 2) return;
  const last = list.options.length - 1;
  const range = document.createElement("input");
  Object.assign(range, { type: "range", min: 0, max: last, step: 1, value: last - list.selectedIndex });
  range.setAttribute("aria-label", list.closest("label").textContent.trim().split("\n")[0]);
  const say = () => range.setAttribute("aria-valuetext", list.options[last - range.value].textContent);
  say();
  range.addEventListener("input", (event) => {
    event.stopPropagation();
    list.selectedIndex = last - range.value;
    say();
  });
  range.addEventListener("change", () => {
    held = true;
    if ("live" in form.dataset) list.dispatchEvent(new Event("input", { bubbles: true }));
    else form.requestSubmit();
  });
  form.prepend(range);
  if (held) range.focus({ preventScroll: true });
  held = false;
}

const all = () => document.querySelectorAll("form[data-asof]").forEach(slide);
all();
new MutationObserver(all).observe(document.getElementById("main"), { childList: true });
