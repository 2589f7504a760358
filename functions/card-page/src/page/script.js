"use strict";
const search = document.getElementById("search"), found = document.getElementById("found"), told = document.getElementById("told");
const cards = [...document.querySelectorAll(".card")];
// All that is said here, in the page's language. What it names stands in braces; what a card is called may hold any letters.
const texts = JSON.parse(document.body.dataset.texts);
const put = (text, named) => text.replace(/\{(\w+)\}/g, (_, name) => named[name]);
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
  found.textContent = cards.length === 0 ? "" : shown === 0 ? texts.none_found : shown === 1 ? texts.one_found : put(texts.found, { count: shown });
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
  const title = titleOf(card), end = Date.now() + PATIENCE, tell = (text, named) => put(text, { title, ...named });
  for (;;) {
    let answer;
    try { answer = await ask(card); }
    catch { return ["wait", tell(texts.no_answer)]; }
    const { status, body } = answer, why = body.error?.vendor?.message;
    if (status === 200) return ["sent", tell(texts.sent)];
    if (status === 202 && body.status === "waiting") {
      const wait = Math.max(200, Math.min(body.retry_after_ms || 2000, 10000));
      if (Date.now() + wait > end) return ["bad", tell(texts.too_busy)];
      say("wait", tell(texts.waits), card);
      await pause(wait);
      continue;
    }
    if (status === 202) return ["wait", tell(texts.unknown)];
    if (status === 401) return ["bad", tell(texts.too_old)];
    if (status === 404) return ["bad", tell(texts.changed)];
    if (status === 422) return ["bad", why ? tell(texts.refused_because, { why }) : tell(texts.refused)];
    if (status === 503) return ["bad", tell(texts.unreachable)];
    return ["bad", tell(texts.failed, { status })];
  }
}

async function send(card) {
  if (busy) return;
  busy = true;
  for (const other of cards) sendOf(other).setAttribute("aria-disabled", "true");
  say("busy", put(texts.sending, { title: titleOf(card) }), card);
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

// Wherever the focus is, on nothing too: a click beside the cards takes it from them, and an agent who types goes on typing.
function key(event) {
  if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
  const card = event.target.closest(".card"), searches = event.target === search;
  if (event.key === "ArrowDown") step(card, 1);
  else if (event.key === "ArrowUp" && !searches) step(card, -1);
  else if (event.key === "Escape") {
    if (searches) { search.value = ""; filter(); } else { search.focus(); search.select(); }
  }
  else if (event.key === "/" && !searches) { search.focus(); search.select(); }
  else if (event.key === "Enter" && searches && !event.repeat) step(null, 1);
  // A key that is held sends nothing: what was meant for the search is not meant for the card that it found.
  else if (!(event.key === "Enter" && event.repeat)) return;
  // Nor is it the browser's, where Escape stops what a page loads: the call that is under way.
  event.preventDefault();
}

// What is being composed is no word yet.
search.addEventListener("input", event => { if (!event.isComposing) filter(); });
search.addEventListener("compositionend", filter);
document.addEventListener("keydown", key);
for (const card of cards) {
  sendOf(card).addEventListener("click", () => send(card));
  const image = card.querySelector("img");
  // A picture that is gone is a plain field, and no broken sign.
  image.addEventListener("error", () => image.removeAttribute("src"));
  if (image.complete && image.naturalWidth === 0 && image.currentSrc) image.removeAttribute("src");
}
filter();
