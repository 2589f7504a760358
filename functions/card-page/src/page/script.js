"use strict";
const search = document.getElementById("search"), found = document.getElementById("found"), told = document.getElementById("told");
const cards = [...document.querySelectorAll(".card")];
const token = document.querySelector("meta[name=token]").content;
// Udesk takes one card in two seconds, from all agents together: somebody else's may be before ours a few times.
const PATIENCE = 30000, ANSWER = 30000;
let busy = false;

const titleOf = card => card.querySelector("h2").textContent;
const sendOf = card => card.querySelector(".send");
const pause = ms => new Promise(done => setTimeout(done, ms));

function say(state, text, card) {
  told.dataset.state = state;
  told.textContent = text;
  for (const other of cards) delete other.dataset.state;
  if (card) card.dataset.state = state;
}

function filter() {
  const words = search.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  for (const card of cards) {
    const text = card.textContent.toLocaleLowerCase();
    card.hidden = !words.every(word => text.includes(word));
  }
  const shown = cards.filter(card => !card.hidden).length;
  found.textContent = cards.length === 0 ? "" : shown === 0 ? "No card has this" : shown === 1 ? "1 card" : shown + " cards";
}

async function ask(card) {
  const answer = await fetch(location.pathname, {
    method: "POST", credentials: "omit", referrerPolicy: "no-referrer", cache: "no-store", signal: AbortSignal.timeout(ANSWER),
    headers: { "content-type": "application/json", "authorization": "Bearer " + token },
    body: JSON.stringify({ card: card.dataset.card }),
  });
  let body = {};
  try { body = await answer.json(); } catch { /* an answer of a server in between */ }
  return { status: answer.status, body };
}

// What became of it, in the words that an agent needs.
async function sent(card) {
  const title = "\u201C" + titleOf(card) + "\u201D", end = Date.now() + PATIENCE;
  for (;;) {
    let answer;
    try { answer = await ask(card); }
    catch { return ["wait", "No answer came. The customer may have " + title + ": look into the conversation before you send it again."]; }
    const { status, body } = answer, error = body.error || {};
    if (status === 200) return ["sent", "Sent: the customer has " + title + "."];
    if (status === 202 && body.status === "waiting") {
      const wait = Math.max(200, Math.min(body.retry_after_ms || 2000, 10000));
      if (Date.now() + wait > end) return ["bad", "Not sent: Udesk is too busy for " + title + " now. Try again in a moment."];
      say("wait", "Udesk takes one card every two seconds. " + title + " waits its turn\u2026", card);
      await pause(wait);
      continue;
    }
    if (status === 202) return ["wait", "Udesk did not answer. The customer may have " + title + ": look into the conversation before you send it again."];
    if (status === 401) return ["bad", "Not sent: this list was open for too long. Close it, and open it again from the conversation."];
    if (status === 404) return ["bad", "Not sent: the list has changed. Close it, and open it again from the conversation."];
    if (status === 422) return ["bad", "Not sent: Udesk refused " + title + (error.vendor && error.vendor.message ? " (" + error.vendor.message + ")." : ".")];
    if (status === 503) return ["bad", "Not sent: Udesk can't be reached. Try again in a moment."];
    return ["bad", "Not sent: something went wrong here (" + status + "). Try again, and tell whoever looks after deskbridge."];
  }
}

async function send(card) {
  if (busy) return;
  busy = true;
  for (const other of cards) sendOf(other).setAttribute("aria-disabled", "true");
  say("busy", "Sending \u201C" + titleOf(card) + "\u201D\u2026", card);
  const [state, text] = await sent(card);
  say(state, text, card);
  for (const other of cards) sendOf(other).removeAttribute("aria-disabled");
  busy = false;
}

// Up and down go from card to card, and back to the search.
function step(from, by) {
  const shown = cards.filter(card => !card.hidden), next = shown.indexOf(from) + by;
  if (next < 0) search.focus();
  else if (shown[next]) { sendOf(shown[next]).focus(); shown[next].scrollIntoView({ block: "nearest" }); }
}

search.addEventListener("input", filter);
search.addEventListener("keydown", event => {
  if (event.isComposing) return;
  if (event.key === "Escape") { search.value = ""; filter(); }
  else if (event.key === "ArrowDown" || event.key === "Enter") { event.preventDefault(); step(null, 1); }
});
for (const card of cards) {
  sendOf(card).addEventListener("click", () => send(card));
  card.addEventListener("keydown", event => {
    if (event.key === "ArrowDown") { event.preventDefault(); step(card, 1); }
    else if (event.key === "ArrowUp") { event.preventDefault(); step(card, -1); }
    else if (event.key === "Escape" || event.key === "/") { event.preventDefault(); search.focus(); search.select(); }
  });
  const image = card.querySelector("img");
  // A picture that is gone is a plain field, and no broken sign.
  image.addEventListener("error", () => image.removeAttribute("src"));
  if (image.complete && image.naturalWidth === 0 && image.currentSrc) image.removeAttribute("src");
}
filter();
