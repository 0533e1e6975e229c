/* Answering. The vote page works without this file: it is a form. With it, all sides appear at the
   same moment, keys answer, the next pair is fetched ahead, several questions are asked on the same
   pictures, and haste is caught. Keys stand in data-key, and what a digit chooses in data-number. */
"use strict";

(() => {
  const NAMES = { ArrowLeft: "←", ArrowRight: "→", ArrowDown: "↓", ArrowUp: "↑", Backspace: "⌫", Enter: "⏎" };
  const AGAIN_MS = 350; // by then, a double-click is over, and a key that was hit is let go
  const MAX_SPOTS = 20;

  let shownAt = 0; // when all sides were painted, or the next question on them; 0 while they are not
  let armed = false; // whether an answer is taken
  let busy = false; // whether one is on its way
  let sent = "cast"; // what was done last: cast, skip or undo
  let hand = ""; // what answered: keyboard, click or touch
  let pointer = "";
  let open = false; // a rater who says more does so about the next pair too
  let pointing = false;
  let spots = []; // flaws that were shown, on the question at hand
  let order = []; // the slots in the order given, each with whether it shares the place before
  let same = false;
  let strength = null;
  let held = null; // the id of what had the focus on the ballot, empty where it has none
  let ahead = []; // pictures of the next pair: while they are kept, they stay decoded
  const looked = new Set(); // tools used on this pair

  // Runs before the body is parsed, so that no side is ever painted before the other.
  document.documentElement.classList.add("scripted");
  const phone = matchMedia("(max-width: 700px), (max-height: 500px)"); // upright, or on its side

  const find = (selector) => document.querySelector(selector);
  const ballot = () => find("#ballot[data-open]");
  const answers = () => find("#answers");
  const inAnswers = (selector) => [...(answers()?.querySelectorAll(selector) ?? [])];
  const send = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));
  const tokenOf = (page) => page.querySelector("#ballot [name=token]")?.value;

  function warn(what) {
    const place = find("#trouble");
    place.textContent = what ? place.dataset[what] : "";
    place.hidden = !what;
  }

  /* Of the sides, those that were not on screen yet: a phone shows one at a time. */
  function listUnseen() {
    const sides = [...document.querySelectorAll(".side")];
    const told = sides.some((side) => side.matches(".seen")); // or else nothing keeps count
    return told ? sides.filter((side) => !side.matches(".seen")) : [];
  }

  /* What to do before an answer is taken: it says so, and its tab flashes. */
  function askToLook(unseen) {
    warn(document.querySelectorAll(".side").length > 2 ? "unseenSome" : "unseen");
    for (const { dataset } of unseen) {
      const tab = find(`.places [data-by="${dataset.slot}"]`);
      tab.scrollIntoView({ block: "nearest" });
      tab.animate({ background: ["#f2a33a", "#3d3d3d"] }, { duration: 500, iterations: 3 });
    }
  }

  function thankForLooking() {
    const { textContent, dataset } = find("#trouble");
    if ([dataset.unseen, dataset.unseenSome].includes(textContent) && !listUnseen().length) warn("");
  }

  /* --- Showing ------------------------------------------------------------------------------ */

  /* A pair, as soon as all of it is decoded. */
  async function reveal() {
    const current = ballot();
    looked.clear();
    busy = false;
    warn("");
    prepare();
    if (!current) return;
    try {
      await Promise.all([...current.querySelectorAll("img.candidate")].map((image) => image.decode()));
    } catch {
      if (current === ballot()) warn("unloaded");
      return;
    }
    if (current !== ballot()) return;
    current.classList.add("ready");
    for (const text of [find(".asked"), find(".answers > legend")]) // what scrolls must be within reach of the keyboard
      text.tabIndex = text.scrollHeight > text.clientHeight + 1 ? 0 : -1;
    ask(Number(current.dataset.settleMs));
  }

  /* Take an answer to the question on screen, once a person can have seen it. */
  function ask(settle) {
    const current = answers();
    // Two frames: the first one paints, the second one knows that it was painted.
    requestAnimationFrame(() => requestAnimationFrame(() => {
      shownAt = performance.now();
      fetchAhead();
      setTimeout(() => current === answers() && !busy && arm(true), settle);
    }));
  }

  function arm(on) {
    armed = on;
    ballot()?.classList.toggle("armed", on);
  }

  function fetchAhead() {
    const addresses = [...document.querySelectorAll("#ahead [data-src]")].map((item) => item.dataset.src);
    const kept = new Map(ahead.map((image) => [image.dataset.src, image]));
    ahead = addresses.map((src) => kept.get(src) ?? fetchPicture(src));
  }

  function fetchPicture(src) {
    const image = new Image();
    image.dataset.src = image.src = src;
    image.decode().catch(() => {}); // it says so itself when it is the one on screen
    return image;
  }

  /* A question that nothing was said to yet. */
  function prepare() {
    [shownAt, hand, spots, order, same, strength] = [0, "", [], [], false, null];
    arm(false);
    point(false);
    for (const side of document.querySelectorAll(".side")) delete side.dataset.taken;
    const more = find(".more");
    if (more) more.open = open && !phone.matches;
    countDown();
    showState();
  }

  /* Another question on the same pair: what is looked at, and how, stays as it is. */
  function replaceQuestion(page) {
    busy = false;
    warn("");
    for (const id of ["notices", "answers"]) find(`#${id}`).replaceWith(page.getElementById(id));
    send("evalsite:spots", []);
    prepare();
    goOn();
    ask(Math.min(AGAIN_MS, Number(ballot().dataset.settleMs)));
  }

  /* Say what was done. Who uses the keyboard goes on where they were, not from the top. */
  function goOn() {
    const { dataset } = find("#said");
    const done = find("#notices [role=alert]") ? "" : dataset[sent];
    find("#said").textContent = `${done} ${answers()?.dataset.where ?? ""}`;
    if (held === null || document.activeElement !== document.body) return;
    const again = held && document.getElementById(held);
    (again && !again.disabled ? again : answers())?.focus({ preventScroll: true });
  }

  /* How long the last answer can still be taken back. */
  function countDown() {
    const button = find("#undo");
    const until = performance.now() + 1000 * button?.dataset.seconds;
    const show = () => {
      const left = Math.ceil((until - performance.now()) / 1000);
      button.disabled = left <= 0;
      button.querySelector(".left").textContent = `${left} s`;
      if (left > 0 && button.isConnected) setTimeout(show, 1000);
    };
    if (button) show();
  }

  /* --- What is chosen so far ---------------------------------------------------------------- */

  function showState() {
    const said = inAnswers("[name=reason]:checked").length + spots.length;
    for (const output of inAnswers(".more output")) output.textContent = said || "";
    const complete = inAnswers(".row").every((row) => row.querySelector(":checked")) && order.length === inAnswers(".pick").length;
    for (const button of inAnswers(".send")) button.disabled = !complete;
    const now = complete ? null : findRow();
    for (const row of inAnswers(".row")) row.classList.toggle("now", row === now);
    showOrder();
  }

  /* Of the pictures, the one that a digit answers about: with the focus, or else without answer. */
  function findRow() {
    const rows = inAnswers(".row");
    const focused = rows.find((row) => row.contains(document.activeElement));
    return focused ?? rows.find((row) => !row.querySelector(":checked")) ?? rows[0];
  }

  function showOrder() {
    const places = new Map();
    let place = 0;
    for (const [slot, shared] of order) places.set(slot, (place += !shared));
    for (const button of inAnswers(".pick")) {
      const taken = places.get(button.dataset.slot) ?? "";
      button.querySelector("output").textContent = taken;
      button.setAttribute("aria-pressed", Boolean(taken));
      find(`[name=place_${button.dataset.slot}]`).value = taken;
      find(`.side[data-slot="${button.dataset.slot}"]`).dataset.taken = taken;
    }
    for (const button of inAnswers(".same")) {
      button.disabled = !order.length || order.length === inAnswers(".pick").length;
      button.setAttribute("aria-pressed", same);
    }
    for (const button of inAnswers(".back")) button.disabled = !order.length;
  }

  function pick(slot) {
    if (order.some(([taken]) => taken === slot)) return;
    order.push([slot, same && order.length > 0]);
    same = false;
    showState();
    find("#said").textContent = inAnswers(".pick").map((button) => button.innerText.replace("\n", " ")).join(", ");
  }

  function share() {
    same = !same;
    showState();
  }

  function unpick() {
    order.pop();
    same = false;
    showState();
  }

  function chooseStrength(input) {
    // It need not be said: a second press takes it back.
    if (strength === input) input.checked = false;
    strength = input.checked ? input : null;
  }

  /* --- Saying more -------------------------------------------------------------------------- */

  function point(on) {
    if (pointing !== on) send("evalsite:point", on);
    pointing = on;
    answers()?.classList.toggle("pointing-out", on);
    find("#point")?.setAttribute("aria-pressed", on);
  }

  function addSpot(spot) {
    if (spots.length < MAX_SPOTS) spots.push(spot);
    else send("evalsite:spots", spots);
    listSpots();
  }

  function removeSpot(at) {
    spots.splice(at, 1);
    send("evalsite:spots", spots);
    listSpots();
    (inAnswers(".spots button")[at] ?? find("#point")).focus({ preventScroll: true });
  }

  function listSpots() {
    const list = find(".spots");
    if (!list) return;
    list.replaceChildren(...spots.map(({ slot }, at) => {
      const [item, button] = [document.createElement("li"), document.createElement("button")];
      const side = find(`.side[data-slot="${slot}"]`).getAttribute("aria-label");
      Object.assign(button, { type: "button", className: "chip", title: list.dataset.remove, textContent: `${at + 1} ${side} ×` });
      button.setAttribute("aria-label", `${list.dataset.remove}: ${at + 1}, ${side}`);
      item.append(button);
      return item;
    }));
    showState();
  }

  /* --- Sending ------------------------------------------------------------------------------ */

  function describeScreen() {
    const coarse = matchMedia("(pointer: coarse)").matches;
    const kind = !coarse ? "desktop" : Math.min(screen.width, screen.height) < 600 ? "phone" : "tablet";
    return { width: innerWidth, height: innerHeight, ratio: devicePixelRatio, kind };
  }

  // Before htmx sees it: a second click of a double-click must not answer the next pair.
  function onSubmit(event) {
    const form = event.target;
    if (!form.closest("#ballot")) return;
    const by = event.submitter?.name;
    const other = by === "skip" || by === "undo";
    if (!event.submitter || busy || !(armed || other)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    const unseen = other ? [] : listUnseen();
    if (unseen.length) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return askToLook(unseen);
    }
    [busy, sent] = [true, other ? by : "cast"];
    arm(false);
    const { response_ms, tools, viewport, spots: marks } = form.elements;
    if (!tools) return; // after the last pair, nothing but that can be taken back
    response_ms.value = shownAt ? Math.round(performance.now() - shownAt) : "";
    tools.value = [...looked, hand].join(" ");
    viewport.value = JSON.stringify(describeScreen());
    marks.value = JSON.stringify(spots.map(({ slot, turn, part, x, y }) => [slot, turn, part, x, y]));
  }

  function offerAgain(what) {
    busy = false;
    warn(what);
    arm(ballot()?.classList.contains("ready") ?? false);
  }

  function onAnswer(event) {
    const { detail } = event;
    if (!detail.shouldSwap) return;
    held = ballot()?.contains(document.activeElement) ? document.activeElement.id : null;
    const page = new DOMParser().parseFromString(detail.serverResponse, "text/html");
    if (!tokenOf(page) || tokenOf(page) !== tokenOf(document)) return;
    detail.shouldSwap = false;
    replaceQuestion(page);
  }

  /* --- Hands -------------------------------------------------------------------------------- */

  const CLICKS = {
    ".pick": (item) => pick(item.dataset.slot),
    ".order .same": share,
    ".order .back": unpick,
    ".strength input": chooseStrength,
    "#point": () => point(!pointing),
    ".spots button": (item) => removeSpot(inAnswers(".spots button").indexOf(item)),
    "#help": showKeys,
  };

  function onClick(event) {
    const { target } = event;
    const pass = find(".pass[open]");
    if (pass && !target.closest(".pass")) pass.open = false;
    const place = find(".order") && target.closest(".side .place");
    if (place) pick(place.closest(".side").dataset.slot);
    const item = target.closest("#answers :is(button, input)");
    if (!item && !place) return;
    hand = event.detail === 0 ? "keyboard" : pointer === "touch" ? "touch" : "click";
    for (const [what, act] of Object.entries(CLICKS)) if (item?.matches(what)) act(item);
    // Arrows and Enter answer: only who came by keyboard needs them where the focus is.
    if (event.detail && item?.matches("input, [type=button]")) item.blur();
  }

  function onToggle({ target }) {
    if (target.matches(".more")) {
      if (!phone.matches) open = target.open;
      if (!target.open && pointing) point(false);
      window.dispatchEvent(new Event("resize")); // the pictures have another room now
    }
    if (target.matches(".pass[open]")) target.querySelector("button").focus({ preventScroll: true });
  }

  /* --- Keys --------------------------------------------------------------------------------- */

  function onKey(event) {
    const { target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || !ballot() || find("dialog[open]")) return;
    if (target.matches?.("textarea, select")) return event.key === "Escape" && target.blur();
    if (event.key === "Escape") return escape();
    const key = NAMES[event.key] ?? event.key.toUpperCase();
    const native = key === "⏎" || event.key === " ";
    const button = native && target.closest?.("button, summary, a");
    const [menu, panel] = [find(".pass[open]"), target.closest?.(".panel")];
    if (menu && key !== "?") return chooseReason(event, key, menu);
    // Who is among the reasons moves there, and answers from outside of them: Escape leads out.
    if (panel && /[←→↑↓⌫]/.test(key)) return;
    // A key held down must not answer the next pair, too.
    if (event.repeat) return (button || findKey(key)) && event.preventDefault();
    if (button) return;
    if (target.matches?.("[type=radio]") && /[←→↑↓]/.test(key)) return;
    const item = /^[1-9]$/.test(key) ? findNumber(key) : findKey(key);
    if (!item) return;
    event.preventDefault();
    press(item);
  }

  /* In the menu of reasons for passing: no key does anything else. */
  function chooseReason(event, key, menu) {
    if (event.repeat && event.key !== "Tab") return event.preventDefault();
    const items = [...menu.querySelectorAll(".menu button")];
    const at = items.indexOf(document.activeElement);
    const step = { "↓": 1, "→": 1, "↑": -1, "←": -1 }[key];
    if (step) items.at((at + step) % items.length).focus({ preventScroll: true });
    else if (key === "P") escape();
    else if (/^[1-9]$/.test(key)) findNumber(key)?.click();
    if (step || /^[P1-9]$/.test(key)) event.preventDefault();
  }

  function press(item) {
    const [row, more] = [item.closest(".row"), item.closest(".panel")?.parentElement];
    if (more) more.open = true;
    item.click(); // not requestSubmit: htmx learns from the click which button it was
    if (!row) return;
    const rows = inAnswers(".row");
    (rows[rows.indexOf(row) + 1] ?? find("#answer-send")).focus({ preventScroll: true });
  }

  const findKey = (key) => inAnswers("button[data-key], summary[data-key]").find((item) => item.dataset.key.split(" ").includes(key));

  function findNumber(number) {
    const scope = find(".pass[open]") ?? findRow() ?? find(".strength, .order");
    return scope?.querySelector(`[data-number="${number}"]`);
  }

  function escape() {
    const pass = find(".pass[open]");
    if (pass) {
      pass.open = false;
      find("#pass").focus();
    } else if (pointing) {
      point(false);
      leavePanel();
    } else if (!leavePanel() && find(".more[open]")) {
      find(".more").open = false;
      find("#more").focus({ preventScroll: true });
    }
  }

  function leavePanel() {
    const isIn = Boolean(document.activeElement.closest(".panel"));
    if (isIn) answers().focus({ preventScroll: true });
    return isIn;
  }

  function showKeys() {
    const mine = inAnswers("[data-key]").map((item) => [item.dataset.key, item.title || item.innerText.replace(item.dataset.key, "")]);
    listKeys(".answering", mine);
    listKeys(".looking", window.evalsite?.keys ?? []);
    find("#letters").checked = localStorage.letters !== "off";
    find("#keys").showModal();
  }

  function listKeys(place, keys) {
    find(`#keys ${place}`).replaceChildren(...keys.flatMap(([key, what]) => {
      const [term, words] = [document.createElement("dt"), document.createElement("dd")];
      term.append(...key.split(" ").map((each) => Object.assign(document.createElement("kbd"), { textContent: each })));
      words.textContent = what;
      return [term, words];
    }));
  }

  document.addEventListener("DOMContentLoaded", reveal);
  document.addEventListener("htmx:beforeSwap", onAnswer);
  document.addEventListener("htmx:afterSwap", () => {
    reveal();
    goOn();
  });
  document.addEventListener("htmx:sendError", () => offerAgain("unreached"));
  document.addEventListener("htmx:timeout", () => offerAgain("late"));
  document.addEventListener("htmx:responseError", () => offerAgain("failed"));
  // A page that comes back from the browser's memory may show a pair answered long ago.
  window.addEventListener("pageshow", (event) => event.persisted && location.reload());
  document.addEventListener("submit", onSubmit, true);
  document.addEventListener("click", onClick);
  document.addEventListener("change", ({ target }) => {
    if (target.matches("#letters")) localStorage.letters = target.checked ? "on" : "off";
    else showState();
  });
  document.addEventListener("focusin", () => findRow() && showState());
  document.addEventListener("toggle", onToggle, true);
  document.addEventListener("keydown", onKey);
  document.addEventListener("keydown", (event) => {
    // Who speaks to the computer, or hits keys by accident, can do without letters and digits.
    if (event.key.length === 1 && localStorage.letters === "off") return event.stopImmediatePropagation();
    if (event.key !== "=" || !find(".order")) return;
    event.stopImmediatePropagation(); // here it is not what zooms in
    onKey(event);
  }, true);
  document.addEventListener("pointerdown", (event) => {
    pointer = event.pointerType;
    if (event.target.closest?.(".references a")) looked.add("references");
  });
  document.addEventListener("evalsite:tool", ({ detail }) => {
    looked.add(detail);
    thankForLooking();
  });
  document.addEventListener("evalsite:spot", (event) => addSpot(event.detail));
})();
