/* The vote page works without this file: a form and four buttons. With it, both sides appear
   at the same moment, keys answer, the next pair is fetched ahead, and haste is caught. */
"use strict";

(() => {
  const KEYS = { ArrowLeft: "model_a", ArrowRight: "model_b", ArrowDown: "tie", ArrowUp: "both_bad" };
  const SETTLE_MS = 350; // a pair is not answered before a person can have seen it

  let shownAt = 0; // when both sides were painted; 0 while they are not
  let armed = false;
  const tools = new Set();
  // Runs before the body is parsed, so that no side is ever painted before the other.
  document.documentElement.classList.add("scripted");

  const ballot = () => document.querySelector("#ballot[data-open]");

  function say(message) {
    const place = document.querySelector("#trouble");
    if (!place) return;
    place.textContent = message;
    place.hidden = !message;
  }

  async function reveal() {
    const current = ballot();
    shownAt = 0;
    armed = false;
    tools.clear();
    if (!current) return;
    const images = [...current.querySelectorAll("img.candidate")];
    try {
      await Promise.all(images.map((image) => image.decode()));
    } catch {
      say("A picture could not be loaded. Reload the page to try again; nothing is lost.");
      return;
    }
    if (current !== ballot()) return;
    current.classList.add("ready");
    // Two frames: the first one paints, the second one knows that it was painted.
    requestAnimationFrame(() => requestAnimationFrame(() => {
      shownAt = performance.now();
      setTimeout(() => {
        if (current !== ballot()) return;
        armed = true;
        current.classList.add("armed");
        fetchAhead();
      }, SETTLE_MS);
    }));
  }

  function fetchAhead() {
    for (const item of document.querySelectorAll("#ahead [data-src]")) {
      new Image().src = item.dataset.src;
    }
  }

  document.addEventListener("DOMContentLoaded", reveal);
  document.addEventListener("htmx:afterSwap", reveal);
  // A page that comes back from the browser's memory may show a pair answered long ago.
  window.addEventListener("pageshow", (event) => event.persisted && location.reload());

  document.addEventListener("keydown", (event) => {
    const winner = KEYS[event.key];
    if (!winner || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    const button = ballot()?.querySelector(`button[name=winner][value=${winner}]`);
    if (!button) return;
    event.preventDefault();
    if (!armed) return;
    tools.add("keyboard");
    button.click(); // not requestSubmit: htmx learns from the click which button it was
  });

  document.addEventListener("pointerdown", (event) => {
    if (event.target.closest?.(".references a")) tools.add("references");
    if (event.target.closest?.("button[name=winner]")) {
      tools.add(event.pointerType === "touch" ? "touch" : "click");
    }
  });

  // Before htmx sees it: a second click of a double-click must not answer the next pair.
  document.addEventListener("submit", (event) => {
    if (!event.target.closest("#ballot")) return;
    if (!armed) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    armed = false;
    event.target.elements.response_ms.value = Math.round(performance.now() - shownAt);
    event.target.elements.tools.value = [...tools].join(" ");
  }, true);

  function offerAgain(message) {
    say(message);
    armed = true;
  }
  document.addEventListener("htmx:sendError", () => offerAgain("The site cannot be reached. Your answer is not saved yet: answer again."));
  document.addEventListener("htmx:timeout", () => offerAgain("The site did not answer in time. Answer again: it counts once."));
  document.addEventListener("htmx:responseError", () => offerAgain("The site had a problem with this answer. Answer again, or reload the page."));
})();
