(function () {
  "use strict";
  var data = JSON.parse(document.getElementById("data").textContent), loci = data.loci, n = loci.length;
  function get(id) { return document.getElementById(id); }
  function unique(list) { return list.filter(function (x, i) { return list.indexOf(x) === i; }); }
  var main = get("main"), tip = get("tip"), said = get("said"), legend = get("legend"), greeting = said.textContent;
  var people = unique(data.pictures.map(function (p) { return p.who; }));
  var method = data.pictures[0].method, who = people[0], coloured = data.columns.filter(function (c) { return !c.texts; }), column = coloured[0] || null;
  var shown = null, hits = null, hover = -1, zoom = 1, cx = 0.5, cy = 0.5, colours = [];
  var ramp = ["#440154", "#3b528b", "#21918c", "#5ec962", "#fde725"].map(function (h) {
    return [1, 3, 5].map(function (at) { return parseInt(h.substr(at, 2), 16); });
  });
  function viridis(t) {
    var at = Math.min(Math.max(t, 0), 1) * (ramp.length - 1), low = Math.min(Math.floor(at), ramp.length - 2), f = at - low;
    return "rgb(" + ramp[low].map(function (c, i) { return Math.round(c + f * (ramp[low + 1][i] - c)); }).join(",") + ")";
  }
  function picture(person) {
    return data.pictures.filter(function (p) { return p.who === person && p.method === method; })[0];
  }
  function value(col, i) {
    return col.texts ? col.texts[i] : col.classes ? col.classes[col.of[i]] : col.values[i] === null ? "" : String(col.values[i]);
  }
  function paint() {
    colours = [];
    if (!column) { for (var i = 0; i < n; i++) colours.push("#0b6e99"); return; }
    if (column.classes) { colours = column.of.map(function (k) { return column.colours[k]; }); return; }
    var known = column.values.filter(function (v) { return v !== null; }).sort(function (a, b) { return a - b; });
    var low = known[Math.floor(0.02 * (known.length - 1))], high = known[Math.ceil(0.98 * (known.length - 1))];
    column.ends = [low, high];
    colours = column.values.map(function (v) { return v === null ? "#b8bec6" : viridis((v - low) / (high - low || 1)); });
  }
  function visible(i) {
    return (!shown || !column || !column.classes || shown[column.of[i]]) && (!hits || hits[i]);
  }
  // Rare classes are drawn last, so that they lie on top.
  function ordering() {
    var all = [];
    for (var i = 0; i < n; i++) all.push(i);
    if (column && column.classes) all.sort(function (a, b) { return column.of[a] - column.of[b]; });
    return all;
  }
  var order = [];
  function spot(p, i, width, height, whole) {
    var side = Math.min(width, height) - (whole ? 12 : 44), z = whole ? 1 : zoom, mx = whole ? 0.5 : cx, my = whole ? 0.5 : cy;
    return [
      width / 2 + (p.xy[2 * i] / data.steps - mx) * side * z,
      height / 2 - (p.xy[2 * i + 1] / data.steps - my) * side * z
    ];
  }
  function draw(canvas, p, whole) {
    var width = canvas.clientWidth, height = whole ? Math.round(width * 0.72) : Math.round(Math.min(560, Math.max(300, width * 0.78)));
    var scale = window.devicePixelRatio || 1, size = (whole ? 1.1 : Math.min(5, Math.max(1.6, 110 / Math.sqrt(n)) * Math.sqrt(zoom)));
    canvas.style.height = height + "px";
    canvas.width = width * scale;
    canvas.height = height * scale;
    var g = canvas.getContext("2d");
    g.scale(scale, scale);
    [false, true].forEach(function (front) {
      g.globalAlpha = front ? 0.75 : 0.08;
      order.forEach(function (i) {
        if (visible(i) !== front) return;
        var at = spot(p, i, width, height, whole);
        if (at[0] < -9 || at[1] < -9 || at[0] > width + 9 || at[1] > height + 9) return;
        g.fillStyle = colours[i];
        g.beginPath();
        g.arc(at[0], at[1], size, 0, 6.2832);
        g.fill();
      });
    });
    if (hover >= 0) {
      var here = spot(p, hover, width, height, whole);
      g.globalAlpha = 1;
      g.strokeStyle = getComputedStyle(document.body).color;
      g.lineWidth = 2;
      g.beginPath();
      g.arc(here[0], here[1], whole ? 4 : size + 3, 0, 6.2832);
      g.stroke();
    }
  }
  var asked = false;
  function redraw() {
    if (asked) return;
    asked = true;
    requestAnimationFrame(function () {
      asked = false;
      draw(main, picture(who), false);
      document.querySelectorAll("#thumbs figure").forEach(function (f) {
        f.classList.toggle("on", f.dataset.who === who);
        draw(f.querySelector("canvas"), picture(f.dataset.who), true);
      });
    });
  }
  function axes() {
    var p = picture(who);
    get("ax").textContent = p.axes[0] + " →";
    get("ay").textContent = "↑ " + p.axes[1];
  }
  function keys() {
    legend.textContent = "";
    if (!column) return;
    var head = document.createElement("b");
    head.textContent = column.name;
    legend.appendChild(head);
    if (!column.classes) {
      var bar = document.createElement("div"), ends = document.createElement("div");
      bar.className = "ramp";
      ends.className = "ends";
      column.ends.forEach(function (v) { ends.appendChild(document.createElement("span")).textContent = v; });
      legend.append(bar, ends);
      return;
    }
    var counts = column.classes.map(function () { return 0; });
    column.of.forEach(function (k) { counts[k]++; });
    column.classes.forEach(function (name, k) {
      var b = document.createElement("button"), dot = document.createElement("i"), text = document.createElement("span"), many = document.createElement("span");
      b.type = "button";
      dot.style.background = column.colours[k];
      text.textContent = name === "" ? "(none)" : name;
      many.className = "n";
      many.textContent = counts[k].toLocaleString("en-US");
      b.append(dot, text, many);
      if (shown && !shown[k]) b.className = "off";
      b.title = "click: this class alone; again: all";
      b.addEventListener("click", function (event) {
        var add = event.shiftKey || event.ctrlKey || event.metaKey;
        if (!shown) shown = column.classes.map(function (_, j) { return j === k; });
        else if (add) shown[k] = !shown[k];
        else if (shown[k] && shown.filter(Boolean).length === 1) shown = null;
        else shown = column.classes.map(function (_, j) { return j === k; });
        if (shown && !shown.some(Boolean)) shown = null;
        keys();
        redraw();
      });
      legend.appendChild(b);
    });
  }
  function nearest(x, y, touch) {
    var p = picture(who), best = -1, least = touch ? 500 : 120;
    for (var i = 0; i < n; i++) {
      if (!visible(i)) continue;
      var at = spot(p, i, main.clientWidth, main.clientHeight, false), d = (at[0] - x) * (at[0] - x) + (at[1] - y) * (at[1] - y);
      if (d < least) { least = d; best = i; }
    }
    return best;
  }
  function tell(x, y) {
    if (hover < 0) { tip.style.display = "none"; return; }
    tip.textContent = "";
    tip.appendChild(document.createElement("b")).textContent = loci[hover];
    data.columns.forEach(function (col) {
      var text = value(col, hover);
      if (text === "") return;
      tip.appendChild(document.createElement("br"));
      tip.appendChild(document.createTextNode(col.name + ": " + text));
    });
    tip.style.display = "block";
    var room = main.clientWidth - tip.offsetWidth - 8, floor = main.clientHeight - tip.offsetHeight - 8;
    tip.style.left = Math.max(4, Math.min(x + 14, room)) + "px";
    tip.style.top = Math.max(4, Math.min(y + 14, floor)) + "px";
  }
  function copy(text) {
    function old() {
      var area = document.createElement("textarea");
      area.value = text;
      document.body.appendChild(area);
      area.select();
      var done = document.execCommand("copy");
      area.remove();
      return done;
    }
    function say(done) { said.textContent = done ? "copied " + text : text; }
    if (navigator.clipboard && navigator.clipboard.writeText) {
      navigator.clipboard.writeText(text).then(function () { say(true); }, function () { say(old()); });
    } else say(old());
  }
  var from = null, moved = false;
  main.addEventListener("pointerdown", function (event) {
    from = [event.clientX, event.clientY, cx, cy];
    moved = false;
    main.setPointerCapture(event.pointerId);
  });
  main.addEventListener("pointermove", function (event) {
    if (from && Math.abs(event.clientX - from[0]) + Math.abs(event.clientY - from[1]) > 4) {
      var side = (Math.min(main.clientWidth, main.clientHeight) - 44) * zoom;
      moved = true;
      cx = from[2] - (event.clientX - from[0]) / side;
      cy = from[3] + (event.clientY - from[1]) / side;
      hover = -1;
      tell();
      redraw();
      return;
    }
    var found = nearest(event.offsetX, event.offsetY, event.pointerType === "touch");
    if (found !== hover) { hover = found; redraw(); }
    tell(event.offsetX, event.offsetY);
  });
  main.addEventListener("pointerup", function (event) {
    from = null;
    if (moved) return;
    hover = nearest(event.offsetX, event.offsetY, event.pointerType === "touch");
    tell(event.offsetX, event.offsetY);
    redraw();
    if (hover >= 0) copy(loci[hover].replace(/,/g, ""));
  });
  main.addEventListener("pointerleave", function () { hover = -1; tell(); redraw(); });
  main.addEventListener("wheel", function (event) {
    event.preventDefault();
    var side = Math.min(main.clientWidth, main.clientHeight) - 44, before = zoom;
    zoom = Math.min(60, Math.max(0.7, zoom * Math.exp(-event.deltaY / 400)));
    var dx = (event.offsetX - main.clientWidth / 2) / side, dy = (main.clientHeight / 2 - event.offsetY) / side;
    cx += dx / before - dx / zoom;
    cy += dy / before - dy / zoom;
    redraw();
  }, { passive: false });
  function home() { zoom = 1; cx = cy = 0.5; redraw(); }
  get("reset").addEventListener("click", home);
  main.addEventListener("dblclick", home);
  unique(data.pictures.map(function (p) { return p.method; })).forEach(function (name) { get("method").add(new Option(name, name)); });
  get("method").addEventListener("change", function () { method = this.value; axes(); home(); });
  coloured.forEach(function (col, k) { get("colour").add(new Option(col.name, k)); });
  get("colour").addEventListener("change", function () {
    column = coloured[this.value];
    shown = null;
    recolour();
  });
  function recolour() { paint(); order = ordering(); keys(); redraw(); }
  get("find").addEventListener("input", function () {
    var words = this.value.toLowerCase().replace(/,/g, "").split(/\s+/).filter(Boolean), count = 0;
    hits = null;
    if (words.length) {
      hits = loci.map(function (locus, i) {
        var text = (locus.replace(/,/g, "") + " " + data.columns.map(function (c) { return value(c, i); }).join(" ")).toLowerCase();
        var place = words.length === 1 && /^([^:\s]+):(\d+)$/.exec(words[0]), own = /^(.+):(\d+)-(\d+)$/.exec(locus.toLowerCase().replace(/,/g, ""));
        var hit = place && own ? own[1] === place[1] && +own[2] <= +place[2] && +place[2] <= +own[3] : words.every(function (w) { return text.indexOf(w) >= 0; });
        count += hit;
        return hit;
      });
    }
    said.textContent = hits ? count.toLocaleString("en-US") + " windows" : greeting;
    redraw();
  });
  if (people.length > 1) people.forEach(function (person) {
    var f = document.createElement("figure"), c = document.createElement("canvas"), t = document.createElement("figcaption");
    f.dataset.who = person;
    f.tabIndex = 0;
    t.textContent = person;
    f.append(c, t);
    function choose() { who = person; axes(); home(); }
    f.addEventListener("click", choose);
    f.addEventListener("keydown", function (event) { if (event.key === "Enter") choose(); });
    get("thumbs").appendChild(f);
  });
  window.addEventListener("resize", redraw);
  axes();
  recolour();
})();
