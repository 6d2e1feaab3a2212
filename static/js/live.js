// What others change, as it happens. One event stream per browser: the tab that holds the lock reads it and tells the
// others (browsers allow six connections to a server, and each stream is one).
import { client } from "./request.js";

const url = document.body.dataset.events;
const POLL = 60000;
let source, pause = 1000, polling;

const tell = (event) => {
  if (event.client === client) return;
  document.dispatchEvent(new CustomEvent("live", { detail: event }));
};

function light(tone, text) {
  const lamp = document.getElementById("live");
  if (!lamp) return;
  lamp.dataset.tone = tone;
  lamp.textContent = text;
}

if (url) {
  const channel = new BroadcastChannel(`live:${url}`);
  channel.onmessage = ({ data }) => (data.light ? light(...data.light) : tell(data));
  const share = (data) => channel.postMessage(data);
  const both = (tone, text) => (light(tone, text), share({ light: [tone, text] }));
  const read = () => new Promise(() => connect(share, both));
  // Where there are no locks (plain http on a LAN) each tab reads for itself.
  if (navigator.locks) navigator.locks.request(`live:${url}`, read);
  else read();
}

function connect(share, both) {
  source = new EventSource(url);
  source.onopen = () => {
    if (pause > 1000) catchUp(share); // something may have happened while we were away
    pause = 1000;
    clearInterval(polling);
    polling = null;
    both("green", "Live");
  };
  source.onmessage = ({ data }) => {
    const event = JSON.parse(data);
    share(event);
    tell(event);
  };
  source.onerror = () => {
    source.close();
    both(navigator.onLine ? "amber" : "red", navigator.onLine ? "Reconnecting" : "Offline");
    polling ??= setInterval(() => catchUp(share), POLL);
    setTimeout(() => connect(share, both), pause);
    pause = Math.min(pause * 2, 30000);
  };
}

function catchUp(share) {
  share({ kind: "reload" });
  tell({ kind: "reload" });
}

addEventListener("pagehide", () => source?.close());
addEventListener("pageshow", (event) => event.persisted && location.reload());
