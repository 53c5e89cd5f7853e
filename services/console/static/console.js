// Keys, and whether the page is live. All that is done by keys is there as links and buttons too:
// an element says by data-key which keys press it, and by its own text what that does.
(() => {
  "use strict";
  const tell = (state) => () => { document.body.dataset.stream = state; };
  document.addEventListener("htmx:sse:after:connection", tell("on"));
  for (const lost of ["htmx:sse:error", "htmx:sse:close", "htmx:sse:before:connection"]) {
    document.addEventListener(lost, tell("off"));
  }

  const isField = (element) =>
    element instanceof HTMLElement &&
    (element.isContentEditable ||
      /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName) &&
      !/^(button|checkbox|radio|submit|reset)$/.test(element.type || ""));
  const isSeen = (element) => element.getClientRects().length > 0;
  const keysOf = (element) => (element.dataset.key || "").split(" ");
  const keyed = () => [...document.querySelectorAll("[data-key]")];
  const nameOf = (element) => {
    const copy = element.cloneNode(true);
    for (const hint of copy.querySelectorAll("kbd")) hint.remove();
    return element.dataset.keyName || element.getAttribute("aria-label") || copy.textContent.trim();
  };

  function press(element) {
    if (element.tagName === "SUMMARY") {
      const menu = element.parentElement;
      menu.open = !menu.open;
      const first = menu.open && menu.querySelector("a, button");
      (first || element).focus();
    } else if (isField(element)) {
      element.focus();
    } else {
      element.click();
    }
  }

  function step(by) {
    const named = [...document.querySelectorAll("a[data-row]")];
    const listed = named.length ? named : document.querySelectorAll("tbody th[scope=row] a");
    const rows = [...listed].filter(isSeen);
    if (!rows.length) return false;
    const here = rows.indexOf(document.activeElement);
    const next = here < 0 ? (by > 0 ? 0 : rows.length - 1) : here + by;
    if (rows[next]) rows[next].focus();
    return true;
  }

  function help() {
    const dialog = document.getElementById("keys");
    if (!dialog || dialog.open) return false;
    const list = dialog.querySelector("dl");
    for (const made of list.querySelectorAll("[data-made]")) made.remove();
    const told = new Set();
    for (const element of keyed()) {
      if (dialog.contains(element)) continue;
      const keys = keysOf(element).filter((key) => !told.has(key));
      if (!keys.length) continue;
      keys.forEach((key) => told.add(key));
      const entry = document.createElement("div");
      entry.dataset.made = "";
      const term = document.createElement("dt");
      keys.forEach((key) => {
        const sign = document.createElement("kbd");
        sign.textContent = key;
        term.append(sign, " ");
      });
      const words = document.createElement("dd");
      words.textContent = nameOf(element);
      entry.append(term, words);
      list.prepend(entry);
    }
    dialog.showModal();
    return true;
  }

  // A figure opens what explains it: the one pointed at or in its cell, or else the one in focus.
  function explain() {
    const pointed = document.querySelector("[data-explain]:hover") ||
      document.querySelector(":is(td, dd, .tile):hover [data-explain]");
    const figure = pointed ||
      document.activeElement && document.activeElement.closest("[data-explain]");
    if (!figure) return false;
    const below = figure.hash && figure.pathname === location.pathname &&
      document.getElementById(decodeURIComponent(figure.hash.slice(1)));
    const folded = below && below.closest("details");
    if (folded) folded.open = true;
    if (figure.click) figure.click();
    else figure.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
    return true;
  }

  function pressed(key) {
    if (key === "?") return help();
    if (key === "e" && explain()) return true;
    const found = keyed().filter((element) => keysOf(element).includes(key));
    const within = (one) => one.closest("main") && isSeen(one);
    const row = document.activeElement && document.activeElement.closest("tr");
    const element = row && found.find((one) => row.contains(one)) || found.find(within) || found.find(isSeen) || found.find((one) => one.closest("details:not([open])"));
    if (element) {
      press(element);
      return true;
    }
    if (key === "j") return step(1);
    return key === "k" && step(-1);
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.isComposing || document.querySelector("dialog[open]")) return;
    if (isField(event.target)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.repeat && event.key !== "j" && event.key !== "k") return;
    if (pressed(event.key)) event.preventDefault();
  });

  // What is fetched in the place of something in focus takes the focus, so that keys go on there.
  let followed = null;
  document.addEventListener("htmx:before:swap", () => {
    followed = document.activeElement && document.activeElement.closest(".pages");
  });
  document.addEventListener("htmx:after:swap", () => {
    if (!followed || followed.isConnected) return;
    const parts = document.querySelectorAll(".timeline-part");
    const first = parts.length && parts[parts.length - 1].querySelector("li");
    followed = null;
    if (!first) return;
    first.tabIndex = -1;
    first.focus();
  });

  // A form that was fetched into the page begins with its first field.
  document.addEventListener("htmx:after:swap", () => {
    const form = document.querySelector("#act form.act");
    if (!form || form.contains(document.activeElement)) return;
    const field = form.querySelector("input:not([type=hidden]), select, textarea, button");
    if (field) field.focus();
  });

  // Of a list of choices, one tick ticks them all; and it is said how many are ticked.
  const named = (name) => [...document.querySelectorAll(`input[name="${CSS.escape(name)}"]`)];
  document.addEventListener("change", (event) => {
    const all = event.target;
    if (!(all instanceof HTMLInputElement)) return;
    if (all.dataset.all) for (const one of named(all.dataset.all)) one.checked = all.checked;
    for (const count of document.querySelectorAll("[data-count]")) {
      count.textContent = named(count.dataset.count).filter((one) => one.checked).length || "";
    }
  });
})();
