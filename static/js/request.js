// Requests to our own server. Each browser tab has an id, so that it can skip the live events it caused itself.
export const client = Math.random().toString(36).slice(2) + Date.now().toString(36);

export const headers = () => ({ "X-Client-Id": client, "X-CSRFToken": document.querySelector("meta[name=csrf]").content });

// What is sent from the board, or the list of deals, is answered with what is to be drawn there.
export function fromHere(body) {
  if (document.getElementById("board")) body.set("board", "1");
  if (document.querySelector("table[data-list]")) body.set("list", "1");
  return body;
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// Sends, and tries again after each of `retries` milliseconds when the network fails (not when the server refuses).
// Gives {status, html, about}; `about` are ids that the answer names in X-About. A redirect is followed by the whole page.
export async function send(url, { body, retries = [], part } = {}) {
  const options = { method: body ? "POST" : "GET", body, headers: headers(), credentials: "same-origin" };
  if (part) options.headers["X-Part"] = part;
  for (const wait of [...retries, null]) {
    try {
      const response = await fetch(url, options);
      const to = response.headers.get("HX-Redirect");
      if (to) {
        location.assign(to);
        return { status: 0, html: "" };
      }
      if (response.redirected && response.url.includes("/accounts/login/")) location.reload();
      const about = (response.headers.get("X-About") ?? "").split(",").filter(Boolean).map(Number);
      return { status: response.status, html: await response.text(), about };
    } catch (error) {
      if (wait === null) throw error;
      await pause(wait);
    }
  }
}

// Elements out of an answer.
export function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}
