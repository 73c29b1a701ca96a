"use strict";
// Starts Swagger UI. A file of its own, because the page's policy permits no inline script.
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches); // as Swagger UI's sheet has it
dark.addEventListener("change", follow);
follow();
const root = document.getElementById("swagger-ui");
window.ui = SwaggerUIBundle({
  url: new URL(root.dataset.openapi, document.baseURI).href,
  domNode: root,
  deepLinking: true,
  displayRequestDuration: true,
  filter: true,
  validatorUrl: null, // the default sends the document to another host
});
