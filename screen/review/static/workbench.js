// The workbench in the browser: keys press what is on the page, forms are sent without leaving it.
// Everything works by mouse and without this file too, one page at a time.

const KEEP_EVERY = 5 * 60 * 1000;
const main = () => document.getElementById("main");
let busy = false;
let active = false;

// ---- keys: an element says in data-key which one presses it -------------------------------

function nameOf(event) {
  let key = event.key;
  // With a Chinese input method on, letters and digits arrive without a name.
  if (key === "Process" || key === "Unidentified" || event.isComposing) {
    key = event.code.replace(/^(Key|Digit|Numpad)/, "");
    if (event.code === "Slash") key = event.shiftKey ? "?" : "/";
  }
  if (key.length === 1 && /[a-z]/i.test(key)) return (event.shiftKey ? "Shift+" : "") + key.toLowerCase();
  return key;
}

function findTarget(key) {
  const open = document.querySelector("dialog[open]");
  const places = open ? [open] : [main(), document.querySelector("header")];
  for (const place of places) {
    for (const element of place ? place.querySelectorAll("[data-key], [data-also]") : []) {
      if (element.closest("dialog") && !open) continue;
      if (element.dataset.key === key || element.dataset.also === key) return element;
    }
  }
  return null;
}

function areKeysOn() {
  return localStorage.getItem("keys") !== "off";
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const inside = event.target;
  const typing = inside.matches("textarea, select, input:not([type=checkbox])");
  if (event.key === "Escape" && typing) {
    inside.blur();
    return;
  }
  if (typing || (!areKeysOn() && event.key !== "?")) return;
  const key = nameOf(event);
  // Enter and the blank press what has the focus, where that is something to press.
  if (key === "Enter" && inside.matches("a, button, summary, input")) return;
  const target = findTarget(key);
  if (!target) return;
  event.preventDefault();
  if (event.repeat) return;
  if (target.matches("textarea, input:not([type=checkbox])")) target.focus();
  else target.click();
});

// ---- sending and showing ------------------------------------------------------------------

function tell(text) {
  const alert = document.getElementById("alert");
  alert.textContent = text;
  alert.hidden = !text;
}

function show(html, path) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const fresh = page.getElementById("main");
  if (!fresh) return false;
  // An answer without a task only says why something was not done: the page stays as it is.
  if (!fresh.querySelector("[data-task]") && main().querySelector("[data-task]")) {
    tell(fresh.querySelector("p")?.textContent.trim() ?? "");
    return true;
  }
  tell("");
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  main().replaceWith(document.adoptNode(fresh));
  const title = page.querySelector("title");
  if (title) document.title = title.textContent;
  if (path) history.pushState({}, "", path);
  prepare();
  window.scrollTo(0, 0);
  main().focus({ preventScroll: true });
  return true;
}

async function refresh() {
  // After logging in anew in another window the forms here carry the token of the old session.
  const answer = await fetch("/session", { headers: { "X-Fragment": "1" } });
  if (!answer.ok) return "none";
  const session = await answer.json();
  if (session.reviewer !== document.body.dataset.reviewer) return "other";
  document.body.dataset.csrf = session.csrf;
  for (const field of document.querySelectorAll("input[name=csrf]")) field.value = session.csrf;
  return "same";
}

async function send(form, submitter) {
  if (busy) return;
  busy = true;
  document.body.classList.add("busy");
  try {
    let answer = await post(form, submitter);
    if (answer.status === 401 || answer.status === 403) {
      const known = await refresh();
      if (known === "other") return tell(document.body.dataset.other);
      if (known === "same") answer = await post(form, submitter);
    }
    if (answer.status === 401) tell(document.body.dataset.over);
    else if (answer.status >= 500 || !show(await answer.text())) tell(document.body.dataset.failed);
  } catch {
    // Nothing is lost: the page stays as it is, and sending it again gives one verdict.
    tell(document.body.dataset.offline);
  } finally {
    busy = false;
    document.body.classList.remove("busy");
  }
}

function post(form, submitter) {
  const fields = new URLSearchParams();
  for (const [name, value] of new FormData(form)) fields.append(name, value);
  if (submitter && submitter.name) fields.append(submitter.name, submitter.value);
  // A note goes with a paper that is out of scope too.
  if (form.classList.contains("reasons")) {
    const note = main().querySelector(".decision textarea");
    if (note && note.value) fields.append("note", note.value);
  }
  return fetch(form.action, { method: "POST", body: fields, headers: { "X-Fragment": "1" } });
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-live]")) return;
  event.preventDefault();
  send(event.target, event.submitter);
});

async function go(link) {
  if (busy) return;
  busy = true;
  try {
    const answer = await fetch(link.href, { headers: { "X-Fragment": "1" } });
    if (answer.status === 401) location.assign(link.href);
    else if (!show(await answer.text(), new URL(answer.url).pathname)) location.assign(link.href);
  } catch {
    tell(document.body.dataset.offline);
  } finally {
    busy = false;
  }
}

// ---- parts of the page that come later, dialogs, switches ---------------------------------

async function load(place, path) {
  try {
    const answer = await fetch(path, { headers: { "X-Fragment": "1" } });
    if (!answer.ok && answer.status !== 404 && answer.status !== 409) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    place.replaceChildren(...(page.getElementById("main") ?? page.body).childNodes);
    showBox(place);
  } catch {
    // The passage can be judged without it; opening it again asks again.
  }
}

function showBox(place) {
  const picture = place.querySelector(".paper-page");
  const box = picture?.querySelector("rect.box");
  const mark = box ?? place.querySelector("mark.quote");
  const frame = box ? picture : place.querySelector("pre.raw");
  if (!mark || !frame) return;
  const scroll = () => {
    const gap = mark.getBoundingClientRect().top - frame.getBoundingClientRect().top;
    frame.scrollTop += gap - frame.clientHeight / 3;
    // The first line of a paragraph begins further right than the others.
    const lefts = Array.from(frame.querySelectorAll("rect.box"), (line) => line.getBoundingClientRect().left);
    if (box) frame.scrollLeft += Math.min(...lefts) - frame.getBoundingClientRect().left - 20;
  };
  const image = place.querySelector("img");
  if (image && !image.complete) image.addEventListener("load", scroll);
  scroll();
}

document.addEventListener("click", (event) => {
  const target = event.target.closest("a, button");
  if (!target) return;
  if (target.dataset.into) {
    event.preventDefault();
    load(document.querySelector(target.dataset.into), target.href);
  } else if (target.matches("a[data-live]") && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    go(target);
  } else if (target.dataset.open) {
    document.getElementById(target.dataset.open)?.showModal();
  } else if (target.dataset.toggle === "glosses") {
    const on = localStorage.getItem("glosses") !== "on";
    localStorage.setItem("glosses", on ? "on" : "off");
    setGlosses();
  } else if (target.dataset.toggle === "large") {
    enlarge(target);
  }
});

function setGlosses() {
  const on = localStorage.getItem("glosses") === "on";
  document.body.classList.toggle("glossed", on);
  document.querySelector("[data-toggle=glosses]")?.setAttribute("aria-pressed", String(on));
}

function enlarge(button) {
  const large = main().classList.toggle("large");
  button.setAttribute("aria-pressed", String(large));
  const image = main().querySelector(".paper-page img");
  if (large && image.dataset.large) image.src = image.dataset.large;
  showBox(main().querySelector(".picture"));
}

document.addEventListener("toggle", (event) => {
  const place = event.target.querySelector?.(":scope > .loaded");
  if (event.target.open && event.target.dataset.load && place && !place.childElementCount) {
    load(place, event.target.dataset.load).then(() => {
      place.querySelector(".passage")?.scrollIntoView({ block: "center" });
    });
  }
}, true);

function prepare() {
  for (const place of main().querySelectorAll("div[data-load]")) load(place, place.dataset.load);
  for (const note of main().querySelectorAll("textarea")) {
    note.addEventListener("input", () => { note.rows = Math.min(6, note.value.split("\n").length); });
  }
  setGlosses();
  main().querySelector("p.passage")?.scrollIntoView({ block: "nearest" });
}

// ---- what is read for long is kept ---------------------------------------------------------

for (const kind of ["keydown", "pointermove", "scroll"]) {
  document.addEventListener(kind, () => { active = true; }, { passive: true });
}
setInterval(() => {
  if (!active || !main().querySelector(".decision")) return;
  active = false;
  const fields = new URLSearchParams({ csrf: document.body.dataset.csrf });
  fetch("/keep", { method: "POST", body: fields, headers: { "X-Fragment": "1" } }).catch(() => {});
}, KEEP_EVERY);

window.addEventListener("popstate", () => location.reload());
const keysOn = document.getElementById("keys-on");
if (keysOn) {
  keysOn.checked = areKeysOn();
  keysOn.addEventListener("change", () => localStorage.setItem("keys", keysOn.checked ? "on" : "off"));
}
prepare();
