// The search box: what is found while one types, chosen by arrow keys; without it the form does.
(() => {
  "use strict";
  const box = document.getElementById("search");
  const list = document.getElementById("found");
  if (!box || !list) return;
  const WAIT_MS = 120;
  let timer = 0;
  let asking = null;
  let chosen = -1;

  const options = () => [...list.querySelectorAll("a[role=option]")];

  function choose(index) {
    const all = options();
    chosen = all.length ? (index + all.length) % all.length : -1;
    all.forEach((one, i) => one.setAttribute("aria-selected", String(i === chosen)));
    if (chosen < 0) {
      box.removeAttribute("aria-activedescendant");
    } else {
      box.setAttribute("aria-activedescendant", all[chosen].id);
      all[chosen].scrollIntoView({ block: "nearest" });
    }
  }

  function show(markup) {
    list.innerHTML = markup;
    list.hidden = !markup;
    const place = box.getBoundingClientRect(); // fixed: what the box lies in may clip
    list.style.left = `${Math.max(0, Math.min(place.left, innerWidth - list.offsetWidth - 8))}px`;
    list.style.top = `${place.bottom + 4}px`;
    box.setAttribute("aria-expanded", String(options().length > 0));
    chosen = -1;
    box.removeAttribute("aria-activedescendant");
  }

  async function ask() {
    if (asking) asking.abort();
    const typed = box.value.trim();
    if (!typed) {
      show("");
      return;
    }
    asking = new AbortController();
    try {
      const address = `/search/suggest?q=${encodeURIComponent(typed)}`;
      const answer = await fetch(address, { signal: asking.signal });
      if (answer.ok) show(await answer.text());
    } catch (error) {
      if (error.name !== "AbortError") show(""); // the form still works
    }
  }

  box.addEventListener("input", (event) => {
    clearTimeout(timer);
    if (!event.isComposing) timer = setTimeout(ask, WAIT_MS);
  });
  box.addEventListener("compositionend", () => { timer = setTimeout(ask, WAIT_MS); });
  box.addEventListener("focus", () => { if (box.value && list.hidden) ask(); });
  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      choose(event.key === "ArrowDown" ? chosen + 1 : chosen < 0 ? -1 : chosen - 1);
    } else if (event.key === "Enter" && chosen >= 0) {
      event.preventDefault();
      options()[chosen].click();
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      show("");
    }
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest(".search")) show("");
  });
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey) {
      event.preventDefault();
      box.focus();
      box.select();
    }
  });
})();
