(function () {
  "use strict";
  var data = JSON.parse(document.getElementById("data").textContent);
  var columns = data.columns, all = data.rows, page = 0, rows = all, sorted = 0, down = false;
  var body = document.querySelector("#ranked tbody"), heads = document.querySelectorAll("#ranked th:not(.links)");
  var filter = document.getElementById("filter"), kind = document.getElementById("kind");
  var numeric = columns.map(function (_, c) {
    return all.some(function (r) { return typeof r[c] === "number"; });
  });
  var classAt = columns.indexOf("class"), flagsAt = columns.indexOf("flags"), repeats = document.getElementById("repeats");
  Array.from(new Set(all.map(function (r) { return r[classAt]; }))).sort().forEach(function (name) {
    kind.add(new Option(name, name));
  });
  var texts = null, twoDigits = ["score", "p(ref)", "junction", "splicing", "relatives", "model and relatives"];
  function show(value, c) {
    if (value === null || value === "") return "";
    if (columns[c] === "position") return value.toLocaleString("en-US");
    if (twoDigits.includes(columns[c])) return value.toFixed(2);
    if (columns[c].startsWith("percentile")) return (100 * value).toFixed(3) + "%";
    if (columns[c] === "nearest TSS") return (value > 0 ? "+" : "") + value.toLocaleString("en-US");
    return String(value);
  }
  // The same links as core/links.py makes.
  var look = data.links, at = {};
  columns.forEach(function (name, c) { at[name] = c; });
  function links(r) {
    var td = document.createElement("td"), own = r[at.contig], known = look.contigs[own], names = known || ["", "", 0];
    var position = r[at.position], last = Math.max(position, r[columns.length] || 0), start = names[2];
    var low = Math.max(1, position - look.around), high = last + look.around, alleles = String(r[at.change]).split(">");
    var values = {
      contig: own, ucsc: names[0], bare: names[1], ref: alleles[0], alt: alleles[1], position: position + start,
      own_from: low, own_to: high, from: low + start, to: high + start, first: position + start, last: last + start
    };
    var spelled = /^[ACGT]+>[ACGT]+$/i.test(r[at.change]);
    (known ? look.sites : look.sites.slice(-1)).forEach(function (site) {
      var a = document.createElement("a");
      a.href = (site[2] && !spelled ? site[2] : site[1]).replace(/\{(\w+)\}/g, function (_, name) {
        return encodeURIComponent(values[name]);
      });
      a.textContent = site[0];
      a.target = "_blank";
      a.rel = "noopener";
      td.appendChild(a);
    });
    td.className = "links";
    return td;
  }
  function kinds(c) {
    var all = numeric[c] ? ["n"] : [];
    if (columns[c] === "change") all.push("change");
    if (data.hidden && data.hidden[columns[c]]) all.push(data.hidden[columns[c]]);
    return all.join(" ");
  }
  function draw() {
    var pages = Math.max(1, Math.ceil(rows.length / data.page));
    page = Math.min(Math.max(page, 0), pages - 1);
    body.textContent = "";
    rows.slice(page * data.page, (page + 1) * data.page).forEach(function (r) {
      var tr = document.createElement("tr");
      r.slice(0, columns.length).forEach(function (value, c) {
        var td = document.createElement("td");
        td.textContent = show(value, c);
        td.className = kinds(c);
        tr.appendChild(td);
      });
      if (look) tr.appendChild(links(r));
      body.appendChild(tr);
    });
    document.getElementById("page").textContent = "page " + (page + 1) + " of " + pages;
    document.getElementById("shown").textContent = rows.length.toLocaleString("en-US") + " variants";
    document.getElementById("back").disabled = page === 0;
    document.getElementById("next").disabled = page === pages - 1;
  }
  function order(list) {
    return list.slice().sort(function (a, b) {
      var x = a[sorted], y = b[sorted];
      if (x === y) return a[0] - b[0];
      if (x === null || x === "") return 1;
      if (y === null || y === "") return -1;
      var less = numeric[sorted] ? x - y : String(x).localeCompare(String(y), "en", { numeric: true });
      return down ? -less : less;
    });
  }
  function apply() {
    var words = filter.value.toLowerCase().replace(/,/g, "").split(/\s+/).filter(Boolean), wanted = kind.value;
    if (words.length && !texts) texts = all.map(function (r) { return r.slice(1).join(" ").toLowerCase(); });
    rows = order(all.filter(function (r, n) {
      if (repeats && repeats.checked && /repeat/.test(r[flagsAt])) return false;
      return (!wanted || r[classAt] === wanted) && words.every(function (w) { return texts[n].indexOf(w) >= 0; });
    }));
    page = 0;
    heads.forEach(function (th, c) { th.textContent = columns[c] + (c === sorted ? (down ? "\u00a0▾" : "\u00a0▴") : ""); });
    draw();
  }
  heads.forEach(function (th, c) {
    th.className = kinds(c);
    th.addEventListener("click", function () {
      down = sorted === c ? !down : false;
      sorted = c;
      apply();
    });
  });
  var timer = 0;
  filter.addEventListener("input", function () { clearTimeout(timer); timer = setTimeout(apply, 120); });
  kind.addEventListener("change", apply);
  if (repeats) repeats.addEventListener("change", apply);
  document.getElementById("back").addEventListener("click", function () { page -= 1; draw(); });
  document.getElementById("next").addEventListener("click", function () { page += 1; draw(); });
  apply();
})();
