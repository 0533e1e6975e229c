/* The tools to look at the pictures of a ballot. What is shown, and how, is one state for all
   sides: no tool can favour one of them. Buttons say with data-do what they do, and with data-key
   which key does it too. Whoever listens to `evalsite:tool` learns what was used. */
"use strict";

(() => {
  const MOST = 8; // CSS pixels for one of the picture's
  const PIXELS = 3; // from here on, pixels are what a rater wants to see
  const TAP_MS = 280; // a second tap within it is a double one
  const SLOP = 6; // what a finger moves that holds still
  const GREY = 119; // the surround that the renditions are padded with
  const UNLIKE = 12; // levels that the encoder alone does not differ from the surround
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  const phone = matchMedia("(max-width: 700px), (max-height: 500px)"); // upright, or on its side
  const edges = new WeakMap(); // of pictures, where they begin within their surround
  const pointers = new Map(); // where the fingers are, or the mouse with its button down
  let look = null; // the pair on screen, and how it is looked at
  let moved = false;
  let tapped = { time: -Infinity };
  let pointing = false;
  let beside = false; // a rater who wants the references wants them for the next pair too

  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
  const make = (tag, className) => Object.assign(document.createElement(tag), { className });
  const used = (tool) => document.dispatchEvent(new CustomEvent("evalsite:tool", { detail: tool }));

  const resized = new ResizeObserver(() => requestAnimationFrame(() => look && arrange()));

  function begin() {
    const root = document.querySelector("#ballot[data-open] .look");
    pointers.clear();
    pointing = false;
    look = root && {
      turn: 0, page: -1, shown: 0, seen: new Set(), mode: "beside", wipe: 0.5, scale: 0, x: 0, y: 0,
      root, spots: [], cross: null,
      sides: [...root.querySelectorAll(".side")],
      source: root.querySelector("[data-role=source]"),
      width: Number(root.dataset.width),
      height: Number(root.dataset.height),
    };
    if (!look) return;
    set("--width", look.width);
    set("--height", look.height);
    root.querySelector("[data-by=difference]").hidden = !look.source;
    root.querySelector("[data-do=fullscreen]").hidden = !document.fullscreenEnabled;
    look.sides.forEach((side, at) => { // whose picture is laid over this one's
      const other = look.sides[(at + 1) % look.sides.length];
      side.querySelector(".place").dataset.other = other.ariaLabel;
    });
    listKeys();
    resized.disconnect();
    resized.observe(root);
    if (isBeside()) used("references");
    arrange();
  }

  /* The keys and what they do, for whoever shows them. */
  function listKeys() {
    const sets = look.root.querySelector(".view ~ .view") ? "" : ":not(.film *)";
    const which = `button[data-key]:not([hidden])${sets}, span[data-key]`;
    const keys = [...look.root.querySelectorAll(which)];
    window.evalsite = { ...window.evalsite, keys: keys.map((item) => [item.dataset.key, item.title]) };
    for (const item of keys) item.title += ` (${item.dataset.key})`;
  }

  const set = (name, value) => look.root.style.setProperty(name, value);

  // What is on screen: of each side the step, and the pictures in it.
  const steps = () => look.sides.map((side) => side.querySelector(`.step[data-turn="${look.turn}"]`));
  const films = () => steps().map((step) => [...(step?.querySelectorAll(":scope > .view") ?? [])]);
  const most = () => Math.max(...films().map((film) => film.length));
  const isSingle = () => look.page >= 0 || most() < 2;
  const open = () => films().map((film) => film[Math.max(0, look.page)]);
  const isBeside = () => beside && Boolean(look.root.querySelector(".beside"));
  const box = () => open().find((view) => view?.offsetWidth)?.getBoundingClientRect();

  /* Show the state: which turn, which picture of it, which tool. */
  function arrange() {
    const { root, mode } = look;
    for (const at of listOnScreen()) look.seen.add(at);
    const words = steps().map(countWords);
    arrangeSides(words);
    const single = isSingle();
    const told = !single && words.some(({ before, after }) => before + after > 0);
    const states = { single, overview: !single, told, paged: look.page >= 0, aside: isBeside(), column: isColumn() };
    for (const [name, on] of Object.entries(states)) root.classList.toggle(name, on);
    root.dataset.mode = mode;
    root.querySelector(".beside")?.toggleAttribute("hidden", !isBeside());
    root.querySelector(".divider").hidden = mode !== "wipe";
    set("--across", countAcross());
    if (!single && !told) set("--columns", countColumns());
    press(single);
    markPrompt();
    if (mode === "wipe") placeDivider();
    if (mode === "difference") showDifference();
    place(look.scale, look.x, look.y);
    // What scrolls must be within reach of the keyboard.
    for (const item of root.querySelectorAll(".sides, .said")) {
      item.tabIndex = item.scrollHeight > item.clientHeight + 1 ? 0 : -1;
    }
  }

  /* Whether a small screen leaves the tools more room beside the pictures than above them. */
  function isColumn() {
    if (!phone.matches || innerWidth > innerHeight) return phone.matches;
    return innerHeight < 640 && look.width < 1.3 * look.height;
  }

  /* Which sides can be seen now: a phone shows one, or both with a divider, or the references. */
  function listOnScreen() {
    if (!phone.matches || look.mode === "wipe") return look.sides.keys();
    return isBeside() ? [] : [look.shown];
  }

  function arrangeSides(words) {
    const [views, all] = [open(), films()];
    look.sides.forEach((side, at) => {
      for (const step of side.querySelectorAll(".step")) step.hidden = step.dataset.turn != look.turn;
      for (const view of side.querySelectorAll(".view")) {
        view.classList.toggle("open", view === views[at]);
      }
      side.querySelector(".nothing").hidden = Boolean(isSingle() ? views[at] : all[at].length);
      side.classList.toggle("shown", at === look.shown);
      side.classList.toggle("seen", look.seen.has(at));
      // As much room for words on every side, above and below: the pictures stay level.
      for (const place of ["before", "after"]) {
        const most = Math.max(...words.map((one) => one[place]));
        side.style.setProperty(`--${place}`, look.page < 0 ? most - words[at][place] : 0);
      }
    });
  }

  /* How many texts stand before a step's picture, and after it. */
  function countWords(step) {
    const after = step?.querySelectorAll(".view ~ .said").length ?? 0;
    return { before: (step?.querySelectorAll(".said").length ?? 0) - after, after };
  }

  function countAcross() {
    const { sides, root, mode } = look;
    if (mode === "wipe") return 1 + isBeside();
    return (sides.length > 2 ? chooseColumns(sides.length, root) : sides.length) + isBeside();
  }

  function countColumns() {
    return phone.matches ? 2 : chooseColumns(most(), look.sides[0].querySelector(".frame"));
  }

  /* As many columns as make the pictures largest. */
  function chooseColumns(count, { clientWidth: width, clientHeight: height }) {
    const shape = look.width / look.height;
    const size = (columns) => Math.min(width / columns, (height / Math.ceil(count / columns)) * shape);
    let best = 1;
    for (let columns = 2; columns <= count; columns++) if (size(columns) > size(best) + 1) best = columns;
    return best;
  }

  /* Say on the buttons what is on. */
  function press(single) {
    const { root, page, turn, shown, mode } = look;
    const states = {
      show: (by) => by == shown && !isBeside() && mode !== "wipe",
      turn: (by) => by == turn,
      mode: (by) => by === mode,
      references: isBeside,
      all: () => page < 0,
    };
    for (const item of root.querySelectorAll(".tools button")) {
      const on = states[item.dataset.do]?.(item.dataset.by);
      if (on !== undefined) item.setAttribute("aria-pressed", on);
    }
    root.querySelector(".film").hidden = most() < 2;
    root.querySelector(".which").textContent = single ? `${page + 1}/${most()}` : most();
  }

  /* The turn's words among the prompt's. */
  function markPrompt() {
    const prompts = look.root.closest("#ballot").querySelectorAll(".asked .prompt");
    if (prompts.length < 2) return;
    prompts.forEach((prompt, at) => {
      if (at === look.turn) prompt.setAttribute("aria-current", "step");
      else prompt.removeAttribute("aria-current");
    });
    const [asked, prompt] = [prompts[0].parentElement, prompts[look.turn]];
    if (prompt) asked.scrollTop = prompt.offsetTop - prompts[0].offsetTop; // never the page
  }

  /* Zoom to `scale` with that pixel (from the picture's middle) in the middle of every view. */
  function place(scale, x, y) {
    const view = isSingle() && box();
    look.root.querySelector(".percent").textContent = "–";
    if (!view) return;
    const fit = Math.min(1, view.width / look.width, view.height / look.height);
    const zoomed = scale > fit * 1.001;
    const now = zoomed ? Math.min(scale, MOST) : fit;
    const room = (picture, seen) => Math.max(0, (picture - seen / now) / 2);
    look.x = clamp(x, -room(look.width, view.width), room(look.width, view.width));
    look.y = clamp(y, -room(look.height, view.height), room(look.height, view.height));
    look.scale = zoomed ? now : 0;
    look.fit = fit;
    set("--zoom", now / fit);
    set("--x", `${Math.round(-look.x * now)}px`);
    set("--y", `${Math.round(-look.y * now)}px`);
    const seen = Math.min(view.width, look.width * now);
    set("--cut", `${(view.width - seen) / 2 + look.wipe * seen}px`);
    look.root.classList.toggle("zoomed", zoomed);
    look.root.classList.toggle("pixels", now >= PIXELS);
    look.root.querySelector(".percent").textContent = `${Math.round(now * 100)} %`;
  }

  const scaleNow = () => look.scale || look.fit;

  /* Zoom so that what is at `from` comes to `to` (points of the view, from its middle). */
  function zoom(scale, from = [0, 0], to = from) {
    const [before, after] = [scaleNow(), clamp(scale, look.fit, MOST)];
    place(after, look.x + from[0] / before - to[0] / after, look.y + from[1] / before - to[1] / after);
  }

  function nearer(by, point) {
    openOne();
    const before = scaleNow();
    const scale = before * 1.5 ** by;
    // 100 % is never jumped over: there, nothing between file and eye changes a pixel.
    zoom((before - 1) * (scale - 1) < -1e-6 ? 1 : scale, point);
    used("zoom");
  }

  function toggleZoom(point) {
    openOne();
    zoom(look.scale ? look.fit : look.fit < 1 ? 1 : 2, point);
    used("zoom");
  }

  function pan([x, y]) {
    if (look.mode === "wipe" && !look.scale) return x && moveDivider(look.wipe + x * 0.05);
    if (!look.scale) return;
    const { width, height } = box();
    const [right, down] = [x * width, y * height].map((size) => size / 8 / look.scale);
    place(look.scale, look.x + right, look.y + down);
    used("pan");
  }

  function openOne(page = 0) {
    if (isSingle()) return;
    look.page = page;
    arrange();
    used("filmstrip");
  }

  /* The next side's picture over each side's, in the very same spot. */
  function layOver() {
    const all = films();
    all.forEach((film, side) => film.forEach((view, at) => {
      const other = all[(side + 1) % all.length][at];
      if (other && !view.querySelector(".over")) view.append(copy(other));
    }));
    drawSpots();
  }

  function copy(view) {
    const [over, sheet] = [make("div", "over"), make("div", "sheet")];
    over.dataset.slot = view.closest(".side").dataset.slot;
    over.dataset.part = view.dataset.part;
    const src = view.querySelector("img").getAttribute("src");
    // Decoded with the frame that shows it: no blank moment in between.
    sheet.append(Object.assign(new Image(), { decoding: "sync", alt: "", src }));
    over.append(sheet);
    return over;
  }

  function flicker(on) {
    if (!look || look.root.classList.contains("flicker") === on) return;
    if (on) {
      layOver();
      used("flicker");
    }
    look.root.classList.toggle("flicker", on);
  }

  function show(at) {
    beside = false;
    if (look.mode === "wipe") look.mode = "beside";
    look.shown = at;
    arrange();
    used("swap");
  }

  const DO = {
    show, nearer,
    pan: (by) => pan(Object.values(ARROWS)[by]),
    turn(turn) {
      const count = Math.max(...look.sides.map((side) => side.querySelectorAll(".step").length));
      if (turn < 0 || turn >= count) return;
      Object.assign(look, { turn, page: -1, scale: 0 });
      arrange();
      used("stepper");
    },
    step: (by) => DO.turn(look.turn + by),
    page(by) {
      const count = most();
      if (count < 2) return;
      look.page = ((look.page + 1 + by + count + 1) % (count + 1)) - 1; // all, 1, 2, … and all again
      arrange();
      used("filmstrip");
    },
    all() {
      Object.assign(look, { page: -1, scale: 0 });
      arrange();
      used("filmstrip");
    },
    fit: () => toggleZoom(),
    mode(mode) {
      look.mode = look.mode === mode ? "beside" : mode;
      if (look.mode === "wipe") {
        Object.assign(look, { page: isSingle() ? look.page : 0, shown: 0, wipe: 0.5 });
      }
      arrange();
      if (look.mode === mode) used(mode);
    },
    references() {
      beside = !beside;
      arrange();
      if (beside) used("references");
    },
    fullscreen() {
      // The whole page: what is swapped in for the next pair would end it.
      if (document.fullscreenElement) document.exitFullscreen();
      else document.documentElement.requestFullscreen().catch(() => {}); // the browser says no
      used("fullscreen");
    },
  };

  /* --- Wipe ------------------------------------------------------------------------------- */

  function placeDivider() {
    layOver();
    const view = open()[0];
    const divider = look.root.querySelector(".divider");
    if (view && divider.parentElement !== view) view.append(divider);
    moveDivider(look.wipe);
  }

  function moveDivider(share) {
    look.wipe = clamp(share, 0, 1);
    look.root.querySelector(".divider").setAttribute("aria-valuenow", Math.round(look.wipe * 100));
    place(look.scale, look.x, look.y);
    used("wipe");
  }

  function dragDivider(event) {
    const view = box();
    const seen = Math.min(view.width, look.width * scaleNow());
    moveDivider((event.clientX - view.left - (view.width - seen) / 2) / seen);
  }

  /* --- Difference from the source ----------------------------------------------------------- */

  async function showDifference() {
    const [current, { source }] = [look, look];
    await source.decode();
    if (look !== current) return;
    for (const view of films().flat()) {
      const sheet = view.querySelector(".sheet");
      if (sheet.querySelector("canvas")) continue;
      sheet.append(drawDifference(sheet.querySelector("img"), source));
    }
  }

  /* |a − b| × 4, with the source laid where the candidate's own pixels are. */
  function drawDifference(image, source) {
    const { canvas, context, content } = draw(image);
    const [left, top, width, height] = content;
    const fit = Math.min(width / source.naturalWidth, height / source.naturalHeight);
    const [wide, high] = [source.naturalWidth * fit, source.naturalHeight * fit];
    context.fillStyle = `rgb(${GREY} ${GREY} ${GREY})`;
    context.fillRect(0, 0, look.width, look.height);
    context.drawImage(source, left + (width - wide) / 2, top + (height - high) / 2, wide, high);
    context.globalCompositeOperation = "difference";
    context.drawImage(image, 0, 0, look.width, look.height);
    context.globalCompositeOperation = "lighter";
    for (let doubled = 0; doubled < 2; doubled++) context.drawImage(canvas, 0, 0);
    return canvas;
  }

  function draw(image) {
    const canvas = Object.assign(make("canvas", ""), { width: look.width, height: look.height });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(image, 0, 0, look.width, look.height);
    const content = findContent(context.getImageData(0, 0, look.width, look.height));
    return { canvas, context, content };
  }

  /* The part of a rendition that is not surround: [left, top, width, height]. */
  function findContent({ data, width, height }) {
    const columns = new Uint32Array(width);
    const rows = new Uint32Array(height);
    for (let at = 0, pixel = 0; at < data.length; at += 4, pixel++) {
      if (isGrey(data[at]) && isGrey(data[at + 1]) && isGrey(data[at + 2])) continue;
      columns[pixel % width]++;
      rows[Math.floor(pixel / width)]++;
    }
    const [left, right] = findEnds(columns, height);
    const [top, bottom] = findEnds(rows, width);
    return right > left && bottom > top ? [left, top, right - left, bottom - top] : [0, 0, width, height];
  }

  const isGrey = (level) => Math.abs(level - GREY) <= UNLIKE;

  function findEnds(counts, length) {
    const filled = (count) => count > length / 20; // the encoder's ringing reaches over the edge
    return [counts.findIndex(filled), counts.findLastIndex(filled) + 1];
  }

  /* --- Spots -------------------------------------------------------------------------------- */

  function addressOf(picture) {
    const read = (name) => Number(picture.closest(`[data-${name}]`).dataset[name]);
    return { slot: read("slot"), turn: read("turn"), part: read("part") };
  }

  function drawSpots() {
    for (const ring of look.root.querySelectorAll(".ring")) ring.remove();
    for (const picture of look.root.querySelectorAll(".side .sheet")) {
      const address = Object.entries(addressOf(picture));
      look.spots.forEach((spot, at) => {
        if (!address.every(([name, value]) => spot[name] === value)) return;
        mark(picture, "ring", spot).dataset.number = at + 1;
      });
    }
  }

  function mark(picture, className, { x, y }) {
    const sign = make("span", className);
    sign.style.left = `${x * 100}%`;
    sign.style.top = `${y * 100}%`;
    picture.append(sign);
    return sign;
  }

  /* Where the picture begins within its surround, as shares: padding is alike on opposite edges. */
  function findEdges(picture) {
    const image = picture.querySelector("img");
    if (!edges.has(image)) {
      const [left, top, width, height] = draw(image).content;
      const least = (start, size, length) => Math.min(start, length - start - size) / length;
      edges.set(image, [least(left, width, look.width), least(top, height, look.height)]);
    }
    return edges.get(image);
  }

  function setSpot(picture, x, y) {
    const [across, down] = findEdges(picture);
    if (x < across || x > 1 - across || y < down || y > 1 - down) return;
    const spot = { ...addressOf(picture), x, y };
    look.spots.push(spot);
    drawSpots();
    document.dispatchEvent(new CustomEvent("evalsite:spot", { detail: spot }));
  }

  function point(on) {
    if (!look) return;
    pointing = on;
    look.root.classList.toggle("pointing", on);
    look.cross?.remove();
    look.cross = null;
    for (const side of look.sides) {
      if (on) side.tabIndex = 0;
      else side.removeAttribute("tabindex");
    }
    if (on) look.sides[look.shown].focus({ preventScroll: true });
  }

  /* Arrows move a cross over the side that has the focus, and Enter sets a spot. */
  function pointKey(event) {
    if (look.cross && !look.cross.offsetParent) { // on a picture that is not shown any more
      look.cross.remove();
      look.cross = null;
    }
    const side = look.sides.findIndex((each) => each.contains(document.activeElement));
    const at = phone.matches || side < 0 ? look.shown : side;
    if (event.key === "Enter" && look.cross && !event.target.closest("button, a")) {
      const { parentElement: picture, style } = look.cross;
      if (!event.repeat) setSpot(picture, parseFloat(style.left) / 100, parseFloat(style.top) / 100);
      return true;
    }
    const step = ARROWS[event.key];
    const picture = step && open()[at]?.querySelector(".sheet");
    if (!picture) return false;
    const { left, top } = look.cross?.style ?? { left: "50%", top: "50%" };
    look.cross?.remove();
    const size = (0.02 * look.fit) / scaleNow(); // the same on screen, however far it is zoomed
    const [x, y] = [parseFloat(left) / 100 + step[0] * size, parseFloat(top) / 100 + step[1] * size];
    const [across, down] = findEdges(picture);
    look.cross = mark(picture, "cross", { x: clamp(x, across, 1 - across), y: clamp(y, down, 1 - down) });
    return true;
  }

  /* --- Pointers ------------------------------------------------------------------------------ */

  const viewOf = (event) => (look?.root.contains(event.target) ? event.target.closest(".view") : null);
  const pageOf = (view) => Math.max(0, ...films().map((film) => film.indexOf(view)));

  function fromMiddle(view, x, y) {
    const { left, top, width, height } = view.getBoundingClientRect();
    return [x - left - width / 2, y - top - height / 2];
  }

  /* Where the fingers are on average, and how far apart. */
  function gauge(view) {
    const all = [...pointers.values()];
    const [x, y] = [0, 1].map((axis) => all.reduce((sum, one) => sum + one[axis], 0) / all.length);
    const [one, other] = all;
    const spread = other ? Math.hypot(one[0] - other[0], one[1] - other[1]) : 1;
    return { at: fromMiddle(view, x, y), spread };
  }

  function onDown(event) {
    if (event.target.closest?.(".flick") && !event.button) flicker(true);
    const view = viewOf(event);
    if (!view || event.button) return;
    if (event.target.matches(".divider")) return event.target.setPointerCapture(event.pointerId);
    if (pointers.size === 0) moved = false;
    pointers.set(event.pointerId, [event.clientX, event.clientY, event.clientX, event.clientY]);
  }

  function onMove(event) {
    if (event.target.matches?.(".divider:active")) return dragDivider(event);
    if (!event.buttons) pointers.delete(event.pointerId); // let go outside the window
    const [held, view] = [pointers.get(event.pointerId), look && open().find((one) => one?.offsetWidth)];
    if (!held || !view || !isSingle()) return;
    const { clientX: x, clientY: y } = event;
    if (!moved && pointers.size < 2 && Math.hypot(x - held[2], y - held[3]) < SLOP) return;
    // Only from here on: a captured click would no longer say what was clicked.
    if (!moved) viewOf(event)?.setPointerCapture(event.pointerId);
    moved = true;
    const before = gauge(view);
    held.splice(0, 2, x, y);
    const after = gauge(view);
    if (pointers.size > 1) used("zoom");
    else if (look.scale) used("pan");
    zoom((scaleNow() * after.spread) / before.spread, before.at, after.at);
  }

  function onUp(event) {
    pointers.delete(event.pointerId);
    flicker(false);
  }

  function onWheel(event) {
    const view = viewOf(event);
    if (!view || (!isSingle() && !event.ctrlKey)) return; // it scrolls a set of pictures
    event.preventDefault();
    openOne(pageOf(view));
    const turned = event.deltaY * (event.deltaMode ? 16 : 1) * (event.ctrlKey ? 0.01 : 0.002);
    zoom(scaleNow() * Math.exp(-turned), fromMiddle(view, event.clientX, event.clientY));
    used("zoom");
  }

  function onClick(event) {
    const item = event.target.closest?.(".look [data-do]");
    if (item) {
      const { do: what, by } = item.dataset;
      return DO[what]?.(what === "mode" ? by : Number(by));
    }
    const view = viewOf(event);
    if (!view || moved || event.target.closest(".divider")) return;
    if (pointing) return setClicked(event, view);
    if (!isSingle()) return openOne(pageOf(view));
    const near = Math.hypot(event.clientX - tapped.clientX, event.clientY - tapped.clientY) < 30;
    const twice = near && event.timeStamp - tapped.timeStamp < TAP_MS * (phone.matches ? 1 : 1.5);
    const count = look.sides.length;
    if (look.mode === "wipe") dragDivider(event); // nobody has to drag it
    // The second tap of a double one takes back what the first one did.
    if (phone.matches && look.mode !== "wipe") show((look.shown + (twice ? count - 1 : 1)) % count);
    if (twice) toggleZoom(fromMiddle(view, event.clientX, event.clientY));
    tapped = twice ? {} : event;
  }

  function setClicked(event, view) {
    if (view.closest(".beside")) return;
    const picture = (event.target.closest(".over") ?? view).querySelector(".sheet");
    const { left, top, width, height } = picture.getBoundingClientRect();
    setSpot(picture, (event.clientX - left) / width, (event.clientY - top) / height);
  }

  /* --- Keys ---------------------------------------------------------------------------------- */

  /* The letter on the key; by its place where the keyboard writes none of ours. */
  function nameOf(event) {
    if (event.key === "=" || event.key === "_") return event.key === "=" ? "+" : "-";
    return /^[ -~]$/.test(event.key) ? event.key.toUpperCase() : event.code.replace(/^Key/, "");
  }

  function handleKey(event) {
    const arrow = ARROWS[event.key];
    if (arrow && event.target.matches?.("input")) return false; // it goes from choice to choice
    if (event.target.matches?.(".divider") && arrow) {
      if (arrow[0]) moveDivider(look.wipe + arrow[0] * (event.shiftKey ? 0.1 : 0.02));
      return true;
    }
    if (arrow && event.shiftKey) return pan(arrow), true;
    if (pointing && pointKey(event)) return true;
    if (event.target.matches?.(".flick") && [" ", "Enter"].includes(event.key)) return flicker(true), true;
    const item = look.root.querySelector(`button[data-key="${CSS.escape(nameOf(event))}"]:not([hidden])`);
    if (!item) return false;
    if (item.matches(".flick")) flicker(true);
    else if (!event.repeat || item.closest(".zoom")) item.click();
    return true;
  }

  function onKey(event) {
    const typing = event.target.closest?.("input:not([type=radio], [type=checkbox]), textarea, select");
    // AltGr writes brackets on many keyboards.
    const asks = (event.ctrlKey || event.altKey) && !event.getModifierState("AltGraph");
    const busy = typing || asks || event.metaKey || document.querySelector("dialog[open], .pass[open]");
    if (busy || !look?.root.closest(".ready")) return;
    if (!handleKey(event)) return;
    // In the capture phase, before anybody takes an arrow for an answer.
    event.preventDefault();
    event.stopPropagation();
  }

  document.addEventListener("DOMContentLoaded", begin);
  document.addEventListener("htmx:afterSwap", begin);
  document.addEventListener("keydown", onKey, true);
  document.addEventListener("keyup", () => flicker(false));
  document.addEventListener("click", onClick);
  document.addEventListener("pointerdown", onDown);
  document.addEventListener("pointermove", onMove);
  document.addEventListener("pointerup", onUp);
  document.addEventListener("pointercancel", onUp);
  document.addEventListener("wheel", onWheel, { passive: false });
  document.addEventListener("dragstart", (event) => viewOf(event) && event.preventDefault());
  document.addEventListener("evalsite:point", (event) => point(event.detail));
  document.addEventListener("evalsite:spots", (event) => {
    if (!look) return;
    look.spots = [...event.detail];
    drawSpots();
  });
  window.addEventListener("blur", () => flicker(false));
})();
