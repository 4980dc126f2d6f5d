// Keeps an open page up to date: it asks for itself again and, when something has
// changed, lets idiomorph put the news where the old was. Without scripts the page
// is the same and stands still.
"use strict";
(() => {
  const every = 2000; // milliseconds
  const regions = ["live", "live-list"];
  const asOf = document.getElementById("as-of");
  const state = document.getElementById("live-state");
  const announcer = document.getElementById("announcer");
  let tag = "";
  let waiting = 0;

  const say = (text) => {
    if (state.textContent !== text) state.textContent = text;
  };

  // What is open stays open, and copy buttons stay as they are.
  const keepOpen = (name, node) => !(name === "open" && node.localName === "details") && !(name === "hidden" && node.classList.contains("copy"));

  const put = (text) => {
    const news = new DOMParser().parseFromString(text, "text/html");
    for (const id of regions) {
      const [old, fresh] = [document.getElementById(id), news.getElementById(id)];
      if (!old || !fresh) continue;
      const changed = old.dataset.summary !== fresh.dataset.summary;
      Idiomorph.morph(old, fresh, { callbacks: { beforeAttributeUpdated: keepOpen } });
      if (changed) announcer.textContent = fresh.dataset.summary;
    }
    offerCopies();
  };

  const selecting = () => {
    const selection = document.getSelection();
    return !selection.isCollapsed && regions.some((id) => document.getElementById(id)?.contains(selection.anchorNode));
  };

  const look = async () => {
    const answer = await fetch(location.href, {
      headers: tag ? { "If-None-Match": tag } : {},
      cache: "no-store",
      signal: AbortSignal.timeout(15000),
    });
    if (answer.status === 401) {
      location.reload();
      return;
    }
    if (answer.status !== 304 && !answer.ok) throw new Error(answer.statusText);
    if (answer.status === 200) {
      const text = await answer.text();
      if (selecting()) return; // it will be the same news in a moment
      put(text);
      tag = answer.headers.get("ETag") ?? "";
    }
    const now = new Date(answer.headers.get("Date"));
    asOf.dateTime = now.toISOString();
    asOf.textContent = asOf.dateTime.slice(0, 19).replace("T", " ") + " UTC";
    say("This page updates itself.");
  };

  const next = () => {
    clearTimeout(waiting);
    if (!document.hidden) waiting = setTimeout(round, every);
  };

  const round = () =>
    look()
      .catch(() => say("The receiver does not answer: this may be out of date."))
      .finally(next);

  const offerCopies = () => {
    if (!navigator.clipboard) return;
    for (const button of document.querySelectorAll("button.copy[hidden]")) button.hidden = false;
  };

  document.addEventListener("click", async (click) => {
    const button = click.target.closest?.("button.copy");
    if (!button) return;
    try {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      announcer.textContent = "Copied.";
      button.classList.add("done");
      setTimeout(() => button.classList.remove("done"), 2000);
    } catch {
      announcer.textContent = "The browser does not allow copying. Select the text instead.";
    }
  });
  document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(waiting) : round()));

  offerCopies();
  next();
})();
