// Drop a file, watch it go, ask for its score.

import { ask, say } from "./ask.js";
import { before } from "./form.js";

const of = (id) => document.getElementById(id);
const [drop, file, sent, variants] = ["drop", "file", "sent", "variants"].map(of);
let sending = null;
before(async () => {
  await sending;
  if (!variants.value) throw new Error("Drop a file of variants first.");
});

function chosen(given) {
  if (!given) return;
  sent.hidden = false;
  sent.value = 0;
  say(`Sending ${given.name} …`);
  sending = new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", `/api/files/${encodeURIComponent(given.name)}`);
    request.upload.onprogress = (event) => { if (event.lengthComputable) sent.value = event.loaded / event.total; };
    request.onload = () => {
      let told = {};
      try { told = JSON.parse(request.responseText); } catch { /* said below */ }
      if (request.status === 201) resolve(told);
      else reject(new Error(told.error || `The server answered ${request.status}.`));
    };
    request.onerror = () => reject(new Error("The server does not answer, or took no more of the file: it may be too large."));
    request.send(given);
  });
  sending.then((told) => {
    sent.hidden = true;
    const option = new Option(`${told.file} (dropped)`, told.name, true, true);
    variants.prepend(option);
    variants.value = told.name;
    say(`${told.file} is here. Choose its genome, then Score.`);
  }).catch((error) => { sent.hidden = true; file.value = ""; say(error.message, true); }).finally(() => { sending = null; });
}

file.addEventListener("change", () => chosen(file.files[0]));
for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
for (const name of ["dragleave", "drop"]) drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.remove("over"); });
drop.addEventListener("drop", (event) => chosen(event.dataTransfer.files[0]));

of("remove").addEventListener("click", async () => {
  const option = variants.selectedOptions[0];
  if (!option || !/^[0-9a-f]{16}$/.test(option.value)) { say("Only what was dropped here can be removed.", true); return; }
  try {
    await ask("DELETE", `/api/files/${option.value}`);
    option.remove();
    say("Removed.");
  } catch (error) { say(error.message, true); }
});
