// What others change, as it happens. One event stream per browser: the tab that holds the lock reads it and tells the
// others (browsers allow six connections to a server, and each stream is one).
import { client } from "./request.js";

const url = document.body.dataset.events;
const POLL = 60000;
let channel, source, polling;
let pause = 1000;
let state = null;

function tell(event) {
  if (event.client !== client) document.dispatchEvent(new CustomEvent("live", { detail: event }));
}

function light(tone, text) {
  const lamp = document.getElementById("live");
  if (!lamp || lamp.textContent === text) return;
  lamp.dataset.tone = tone;
  lamp.textContent = text;
  // From now on nothing is missed; what was, before, is asked for.
  if (tone === "green") document.dispatchEvent(new CustomEvent("live:open"));
}

function say(tone, text) {
  state = [tone, text];
  light(tone, text);
  channel.postMessage({ light: state });
}

if (url) {
  channel = new BroadcastChannel(`live:${url}`);
  channel.onmessage = ({ data }) => {
    if (data.hello) state && channel.postMessage({ light: state });
    else if (data.light) light(...data.light);
    else tell(data);
  };
  const read = () => new Promise(connect);
  // Where there are no locks (plain http on a LAN) each tab reads for itself.
  if (navigator.locks) navigator.locks.request(`live:${url}`, read);
  else read();
  channel.postMessage({ hello: true });
}

function connect() {
  source = new EventSource(url);
  source.addEventListener("hello", () => {
    const again = pause > 1000;
    pause = 1000;
    clearInterval(polling);
    polling = null;
    say("green", "Live");
    if (again) share({ kind: "reload" });
  });
  source.onmessage = ({ data }) => share(JSON.parse(data));
  source.onerror = () => {
    source.close();
    say(navigator.onLine ? "amber" : "red", navigator.onLine ? "Reconnecting" : "Offline");
    polling ??= setInterval(() => share({ kind: "reload" }), POLL);
    setTimeout(connect, pause);
    pause = Math.min(pause * 2, 30000);
  };
}

function share(event) {
  channel.postMessage(event);
  tell(event);
}

addEventListener("pagehide", () => source?.close());
addEventListener("pageshow", (event) => event.persisted && location.reload());
