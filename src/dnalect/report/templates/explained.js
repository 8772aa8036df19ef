(function () {
  "use strict";
  var tip = document.body.appendChild(document.createElement("div"));
  tip.className = "tip";
  function show(event, text) {
    tip.textContent = text;
    tip.style.display = text ? "block" : "none";
    var x = event.clientX + 14, y = event.clientY + 14;
    tip.style.left = Math.max(0, Math.min(x, innerWidth - tip.offsetWidth - 4)) + "px";
    tip.style.top = (y + tip.offsetHeight > innerHeight ? event.clientY - tip.offsetHeight - 10 : y) + "px";
  }
  function watch(svg, text) {
    svg.addEventListener("pointermove", function (event) { show(event, text(event)); });
    svg.addEventListener("pointerdown", function (event) { show(event, text(event)); });
    svg.addEventListener("pointerleave", function (event) { show(event, ""); });
  }
  // Heat maps: whole numbers up to 65,534 of the largest value, 65,535 where there is none.
  document.querySelectorAll("svg[data-values]").forEach(function (svg) {
    var told = svg.dataset, length = told.bases.length, image = svg.querySelector("image");
    var bytes = Uint8Array.from(atob(told.values), function (letter) { return letter.charCodeAt(0); });
    var values = new Uint16Array(bytes.buffer);
    function name(at) { return (Number(told.first) + at).toLocaleString("en-US") + " " + told.bases[at]; }
    watch(svg, function (event) {
      var box = image.getBoundingClientRect();
      var column = Math.floor((event.clientX - box.left) / box.width * length);
      var row = Math.floor((event.clientY - box.top) / box.height * length);
      if (Math.min(row, column) < 0 || Math.max(row, column) >= length) return "";
      var found = values[row * length + column];
      var value = found === 65535 ? "unknown" : (found / 65534 * told.largest).toPrecision(3) + " " + told.unit;
      return "row " + name(row) + ", column " + name(column) + ": " + value;
    });
  });
  // Strips: the title of a cell, at once.
  document.querySelectorAll("svg.along").forEach(function (svg) {
    svg.querySelectorAll("rect > title").forEach(function (title) {
      title.parentNode.setAttribute("data-tip", title.textContent);
      title.remove();
    });
    watch(svg, function (event) { return event.target.getAttribute("data-tip") || ""; });
  });
})();
