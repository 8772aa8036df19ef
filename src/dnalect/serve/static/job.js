// How far a job is; what can be done with it; and, when it is done, the genome with its variants.

import { ask, say } from "./ask.js";

const section = document.getElementById("job");
const { job, state } = section.dataset;
const OPEN = ["queued", "running", "stopping"];

async function follow() {
  try {
    const told = await ask("GET", `/api/jobs/${job}`);
    if (!OPEN.includes(told.state)) { location.reload(); return; }
    document.getElementById("state").textContent = told.state;
    show(told);
    say("");
  } catch (error) { say(error.message, true); }
  setTimeout(follow, 1000);
}

function show({ state: now, progress, lines }) {
  const bar = document.getElementById("progress");
  const phase = document.getElementById("phase");
  document.getElementById("lines").textContent = lines.join("\n");
  if (now === "queued") { phase.textContent = "It waits for the jobs before it."; bar.removeAttribute("value"); return; }
  if (!progress) { phase.textContent = "Starting."; return; }
  const { what, done, total, unit, left, within } = progress;
  if (total) { bar.max = total; bar.value = done; } else bar.removeAttribute("value");
  const count = `${done.toLocaleString("en")}${total ? ` of ${total.toLocaleString("en")}` : ""} ${unit}`;
  phase.textContent = `${what}: ${count}${within ? `, ${within}` : ""}${left && left > 2 ? `, about ${left > 90 ? `${Math.round(left / 60)} min` : `${Math.round(left)} s`} left` : ""}`;
}

for (const button of document.querySelectorAll("[data-do]")) {
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      if (button.dataset.do === "remove") {
        await ask("DELETE", `/api/jobs/${job}`);
        location.href = "/jobs";
      } else {
        await ask("POST", `/api/jobs/${job}/${button.dataset.do}`);
        location.reload();
      }
    } catch (error) { say(error.message, true); button.disabled = false; }
  });
}

async function browse(place) {
  const told = document.getElementById("igv-told");
  try {
    const given = JSON.parse(place.dataset.browser);
    const browser = await window.igv.createBrowser(place, { ...given, loadDefaultGenomes: false, showChromosomeWidget: true });
    for (const button of document.querySelectorAll("[data-place]")) button.addEventListener("click", () => browser.search(button.dataset.place));
    place.dataset.ready = "yes";
  } catch (error) { told.textContent = `The genome can't be shown: ${error.message || error}`; }
}

if (OPEN.includes(state)) follow();
const place = document.getElementById("igv");
if (place) browse(place);
