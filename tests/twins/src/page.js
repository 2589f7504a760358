// What every twin's page needs. The page's body names the path of its JSON: data-api.
const $ = id => document.getElementById(id);
const make = (tag, cls, text) => { const e = document.createElement(tag); if (cls) e.className = cls; if (text !== undefined) e.textContent = text; return e; };

function note(text, cls) { $("notice").className = cls || ""; $("notice").textContent = text; }

async function call(path, body) {
  try {
    const answer = await fetch(document.body.dataset.api + path, body === undefined ? {} : { method: "POST", body: JSON.stringify(body) });
    const value = await answer.json();
    if (!answer.ok) { note(value.error || "HTTP " + answer.status, "bad"); return null; }
    return value;
  } catch (error) { note("The twin does not answer: " + error.message, "bad"); return null; }
}
