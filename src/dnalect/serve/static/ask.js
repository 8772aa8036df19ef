// Ask the server, and say what came of it.

export async function ask(method, address, body) {
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  let answer;
  try {
    answer = await fetch(address, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Error("The server does not answer: is dnalect serve still running?");
  }
  const told = answer.status === 204 ? {} : await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(told.error || `The server answered ${answer.status}.`);
  return told;
}

export function say(text, wrong = false) {
  const place = document.getElementById("told");
  place.textContent = text;
  place.className = wrong ? "note" : "";
}
