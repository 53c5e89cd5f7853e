// Says beside the heading whether the page is live; everything else works by markup.
(() => {
  "use strict";
  const tell = (state) => () => { document.body.dataset.stream = state; };
  document.addEventListener("htmx:sse:after:connection", tell("on"));
  for (const lost of ["htmx:sse:error", "htmx:sse:close", "htmx:sse:before:connection"]) {
    document.addEventListener(lost, tell("off"));
  }
})();
