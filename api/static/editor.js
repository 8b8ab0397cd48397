// Both sides of an editor follow each other while one types; without this file the buttons do the same.
const form = document.getElementById("editor");
const state = document.getElementById("ed-state");
let waiting = 0;
let asking = null;

function position(text, line, column) {
  const lines = text.split("\n");
  const before = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
  return [before + Math.max(0, column - 1), before + (lines[line - 1] ?? "").length];
}

function bring(area, line) {
  area.scrollTop = Math.max(0, (line - 6) * parseFloat(getComputedStyle(area).lineHeight));
}

function goTo(line, column) {
  const area = document.getElementById("text");
  const [start, end] = position(area.value, line, column);
  area.focus();
  area.setSelectionRange(start, end);
  bring(area, line);
  area.scrollIntoView({ block: "nearest" });
}

function replaced(fresh, id) {
  const now = document.getElementById(id);
  const next = fresh.getElementById(id);
  if (now && next) now.replaceWith(next);
}

async function follow(from) {
  asking?.abort();
  asking = new AbortController();
  const mine = asking;
  const body = new URLSearchParams(new FormData(form));
  body.set("act", "look");
  state.textContent = state.dataset.busy ?? "…";
  try {
    const answer = await fetch(form.action, { method: "POST", body, signal: mine.signal, headers: { Accept: "text/html" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const text = fresh.getElementById("text");
    if (!text) throw new Error("no editor");
    if (from === "form") {
      const area = document.getElementById("text");
      if (area.value !== text.value) {
        const top = area.scrollTop;
        area.value = text.value;
        area.scrollTop = top;
      }
      // What was shown is now what is typed: only later changes count.
      for (const old of form.querySelectorAll("#ed-form input[type=hidden]")) old.remove();
      const hidden = [...fresh.querySelectorAll("#ed-form input[type=hidden]")];
      document.getElementById("ed-form").append(...hidden);
    } else {
      const scrolled = document.querySelector(".ed-parts")?.scrollTop ?? 0;
      replaced(fresh, "ed-form");
      const parts = document.querySelector(".ed-parts");
      if (parts) parts.scrollTop = scrolled;
    }
    replaced(fresh, "ed-told");
    replaced(fresh, "ed-differs");
    state.textContent = "";
  } catch (error) {
    if (error.name !== "AbortError") state.textContent = "";
  }
}

if (form) {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-line]");
    if (!link) return;
    event.preventDefault();
    goTo(Number(link.dataset.line), Number(link.dataset.column));
  });
  form.addEventListener("input", (event) => {
    clearTimeout(waiting);
    const from = event.target.id === "text" ? "text" : "form";
    waiting = setTimeout(() => follow(from), 700);
  });
  // Whoever was quicker than this file typed already.
  const early = [...form.elements].find((each) => each.name && "defaultValue" in each && each.type !== "hidden" && each.value !== each.defaultValue);
  if (early) waiting = setTimeout(() => follow(early.id === "text" ? "text" : "form"), 100);
  form.addEventListener("submit", () => {
    clearTimeout(waiting);
    asking?.abort();
    sessionStorage.setItem("editor-top", String(document.querySelector(".ed-parts")?.scrollTop ?? 0));
  });
  const kept = Number(sessionStorage.getItem("editor-top") ?? 0);
  sessionStorage.removeItem("editor-top");
  const parts = document.querySelector(".ed-parts");
  if (parts && kept) parts.scrollTop = kept;
  const area = document.getElementById("text");
  if (Number(area.dataset.line) > 1) bring(area, Number(area.dataset.line));
  document.getElementById("trial")?.focus();
  const current = document.querySelector(".ed-parts [aria-current]");
  current?.scrollIntoView({ block: "nearest" });
}
