// One slide at a time. Without this script all slides stand below each other, and can be read.
"use strict";

const slides = [...document.querySelectorAll(".slide")];
const byId = (id) => document.getElementById(id);
const SIZES = [1.3, 1.15, 1, 0.92, 0.85, 0.78, 0.71, 0.65]; // of the letters, until it fits
const PHONE = matchMedia("(max-width: 760px), (max-height: 420px)"); // there a slide scrolls
let here = 0;
let step = 0;

/** Shrink the letters of a slide until nothing is cut off; on a phone it scrolls instead. */
function fit(slide) {
  const body = slide.querySelector(".body");
  for (const size of SIZES) {
    body.style.fontSize = PHONE.matches ? "" : `${size}em`;
    if (PHONE.matches || !overflows(slide)) return;
  }
}

/** Whether something on the slide is higher or wider than its place. */
function overflows(slide) {
  const body = slide.querySelector(".body");
  const wide = [...body.querySelectorAll(".block, pre, .scroll, .output")]
    .some((box) => box.scrollWidth > box.clientWidth + 2);
  return wide || [slide, body].some((box) => box.scrollHeight > box.clientHeight + 2);
}

/** Show slide `number` (from 0) with the blocks up to `steps`. */
function show(number, steps, quiet) {
  here = Math.max(0, Math.min(slides.length - 1, number));
  const slide = slides[here];
  step = Math.max(0, Math.min(Number(slide.dataset.steps), steps));
  slides.forEach((one, place) => { one.hidden = place !== here; });
  for (const block of slide.querySelectorAll("[data-step]")) {
    block.classList.toggle("later", Number(block.dataset.step) > step);
  }
  fit(slide);
  byId("place").textContent = `${here + 1} / ${slides.length}`;
  byId("back").disabled = here === 0 && step === 0;
  byId("next").disabled = here === slides.length - 1 && step === Number(slide.dataset.steps);
  history.replaceState(null, "", `#${here + 1}`);
  if (quiet) return;
  slide.scrollTop = 0;
  byId("said").textContent = slide.getAttribute("aria-label");
}

const next = () => (step < Number(slides[here].dataset.steps)
  ? show(here, step + 1) : here < slides.length - 1 && show(here + 1, 0));
const back = () => (step > 0 ? show(here, step - 1) : here > 0 && show(here - 1, Infinity));

function toggleNotes() {
  const on = document.body.classList.toggle("with-notes");
  byId("notes").setAttribute("aria-pressed", on);
  fit(slides[here]);
}

function toggleTheme() {
  const root = document.documentElement;
  root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
}

function toggleFull() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen();
}

const KEYS = {
  ArrowRight: next, ArrowDown: next, PageDown: next, " ": next,
  ArrowLeft: back, ArrowUp: back, PageUp: back,
  Home: () => show(0, 0), End: () => show(slides.length - 1, Infinity),
  n: toggleNotes, d: toggleTheme, f: toggleFull,
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  // A space on a button or an answer presses that; a phone's slide scrolls up and down.
  if (event.key === " " && event.target.closest("button, summary, a")) return;
  if (PHONE.matches && /^(ArrowUp|ArrowDown|PageUp|PageDown)$/.test(event.key)) return;
  const act = event.key === " " && event.shiftKey ? back : KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

let touched = null;
document.addEventListener("touchstart", (event) => { touched = event.touches[0]; }, { passive: true });
document.addEventListener("touchend", (event) => {
  const moved = event.changedTouches[0].clientX - touched.clientX;
  const down = Math.abs(event.changedTouches[0].clientY - touched.clientY);
  if (Math.abs(moved) > 60 && Math.abs(moved) > 2 * down) (moved < 0 ? next : back)();
});

byId("next").addEventListener("click", next);
byId("back").addEventListener("click", back);
byId("notes").addEventListener("click", toggleNotes);
byId("theme").addEventListener("click", toggleTheme);
byId("full").addEventListener("click", toggleFull);
addEventListener("resize", () => fit(slides[here]));
addEventListener("hashchange", () => show(Number(location.hash.slice(1)) - 1, 0));
// An answer that is unfolded needs room.
document.addEventListener("toggle", () => fit(slides[here]), true);

const start = () => show((Number(location.hash.slice(1)) || 1) - 1, 0, true);
start();
// Formulas have their size only once they are drawn.
if (window.MathJax.startup) window.MathJax.startup.promise.then(() => fit(slides[here]));
