// Filters, sorting and the day picker without a page load; every page works without this file.
const region = () => document.getElementById("board");
let asking = null;

async function show(url, keep) {
  asking?.abort();
  asking = new AbortController();
  const mine = asking;
  region().setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(url, { signal: mine.signal, headers: { Accept: "text/html" } });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("board");
    if (!answer.ok || !fresh) throw new Error(String(answer.status));
    const focused = document.activeElement?.name;
    const caret = document.activeElement?.selectionStart ?? null;
    const typed = document.activeElement?.value;
    region().replaceWith(fresh);
    if (keep) history[keep](null, "", url);
    if (focused) {
      const again = fresh.querySelector(`[name="${CSS.escape(focused)}"]:not([type=hidden])`);
      again?.focus({ preventScroll: true });
      if (caret !== null && again?.type === "search") {
        again.value = typed;
        again.setSelectionRange(caret, caret);
      }
    }
  } catch (error) {
    if (error.name !== "AbortError") location.assign(url);
  }
}

function address(form) {
  const given = [...new FormData(form)].filter(([, value]) => value !== "");
  const query = new URLSearchParams(given).toString();
  return form.getAttribute("action") + (query ? `?${query}` : "");
}

if (region()) {
  document.documentElement.classList.add("js");
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-swap]");
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    show(link.getAttribute("href"), "pushState");
  });
  let typing = 0;
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-live]");
    if (!form) return;
    clearTimeout(typing);
    const wait = event.target.type === "search" ? 180 : 0;
    typing = setTimeout(() => show(address(form), wait ? "replaceState" : "pushState"), wait);
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-live]")) return;
    event.preventDefault();
    show(address(event.target), "pushState");
  });
  addEventListener("popstate", () => show(location.href, null));
}

// The key / goes to the search field, as long as nobody is writing.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const field = document.querySelector("input[data-find]");
  if (!field) return;
  event.preventDefault();
  field.focus();
  field.select();
});
