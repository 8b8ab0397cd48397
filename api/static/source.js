// Says that something is being tried, and keeps a run under way up to date; every page works without this file.
for (const form of document.querySelectorAll("form[data-wait]")) {
  form.addEventListener("submit", () => {
    const says = document.createElement("p");
    says.className = "sp-wait";
    says.setAttribute("role", "status");
    says.textContent = form.dataset.wait;
    form.append(says);
    form.setAttribute("aria-busy", "true");
    // After the form was sent: a button that is off would not be sent with it.
    setTimeout(() => form.querySelectorAll("button").forEach((button) => (button.disabled = true)), 0);
  });
}
// Come back to by the browser's own button, a form can be sent again.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
document.querySelector("#wrong")?.focus();

const progress = () => document.getElementById("progress");
async function again() {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const next = fresh.getElementById("progress");
    if (!answer.ok) throw new Error(String(answer.status));
    if (!next) {
      location.reload();
      return;
    }
    progress().replaceWith(next);
    for (const part of ["state", "pace"]) {
      document.getElementById(part)?.replaceWith(fresh.getElementById(part) ?? "");
    }
  } catch {
    // The server may be away for a moment; the next look tells.
  }
  setTimeout(again, 1500);
}
if (progress()) setTimeout(again, 1000);
