"use strict";
/* Everything comes from this server; the validator badge of Swagger UI would ask the internet, so it is off. */
SwaggerUIBundle({
  url: "/openapi.json",
  domNode: document.getElementById("docs"),
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  validatorUrl: null,
  deepLinking: true,
  displayRequestDuration: true,
  persistAuthorization: false,
});
