// A form that asks for a job: its fields are those of the API, and where it goes is written on it.

import { ask, say } from "./ask.js";

const form = document.getElementById("form");
let first = async () => {};

/** What is done, and may throw, before the job is asked for. */
export const before = (run) => { first = run; };

function asked() {
  const body = {};
  for (const field of form.elements) {
    if (!field.name || !field.value) continue;
    const several = field.type === "checkbox" && form.elements[field.name] instanceof RadioNodeList;
    if (several) body[field.name] = [...(body[field.name] || []), ...(field.checked ? [field.value] : [])];
    else if (field.type === "checkbox") body[field.name] = field.checked;
    else body[field.name] = "words" in field.dataset ? field.value.split(/[\s;]+/).filter(Boolean) : field.value;
  }
  return body;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = document.getElementById("go");
  button.disabled = true;
  try {
    await first();
    const job = await ask("POST", form.dataset.to, asked());
    location.href = `/jobs/${job.id}`;
  } catch (error) { say(error.message, true); button.disabled = false; }
});
