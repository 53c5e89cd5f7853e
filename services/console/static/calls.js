// Calls at one's own telephone: a stream while the page is looked at; what rings is shown on any
// page, and the customer's page opens once the call is taken, unless somebody is typing.
(() => {
  "use strict";
  const place = document.getElementById("calls");
  if (!place) return;
  const OPENED = "opened-call";
  let source = null;

  const isTyped = (field) =>
    field.type === "checkbox" || field.type === "radio"
      ? field.checked !== field.defaultChecked
      : field.tagName === "SELECT"
        ? [...field.options].some((option) => option.selected !== option.defaultSelected) &&
          field.selectedIndex > 0
        : field.value !== field.defaultValue;
  const isBusy = () =>
    Boolean(document.querySelector("dialog[open]")) ||
    [...document.querySelectorAll("main form[method=post] :is(input:not([type=hidden]), textarea, select)")].some(isTyped);

  function open() {
    const taken = place.querySelector("[data-opens]");
    if (!taken || sessionStorage.getItem(OPENED) === taken.dataset.call) return;
    if (isBusy()) return;
    sessionStorage.setItem(OPENED, taken.dataset.call);
    if (location.pathname !== taken.dataset.opens) location.assign(taken.dataset.opens);
  }

  function listen() {
    if (source || document.visibilityState !== "visible") return;
    source = new EventSource(place.dataset.stream);
    source.addEventListener("calls", (event) => {
      place.innerHTML = event.data;
      place.hidden = !event.data.trim();
      open();
    });
  }

  function rest() {
    if (document.visibilityState === "visible") return;
    if (source) source.close();
    source = null;
  }

  document.addEventListener("visibilitychange", () => { rest(); listen(); });
  addEventListener("pagehide", () => { if (source) source.close(); source = null; });
  addEventListener("pageshow", listen);
  listen();
})();
