"use strict";
document.body.style.margin = "0";
Redoc.init("/openapi.json", { hideDownloadButton: false, nativeScrollbars: true }, document.getElementById("docs"));
