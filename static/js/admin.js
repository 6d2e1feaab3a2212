// Django admin's theme under our content security policy: Alpine's CSP build knows no globals, no arrow functions
// and one statement per attribute. The few expressions of the theme that want more are said here instead.

htmx.config.includeIndicatorStyles = false;
htmx.config.allowEval = false;

const OPEN = "sidebarDesktopOpen";

function page() {
  return {
    activeTab: "general",
    sidebarMobileOpen: false,
    sidebarDesktopOpen: localStorage.getItem(OPEN) !== "0",
    init() {
      this.activeTab = getCurrentTab() || "general";
      this.$watch(OPEN, (open) => localStorage.setItem(OPEN, open ? "1" : "0"));
    },
    get formAction() {
      const tab = this.activeTab && this.activeTab !== "general" ? `#${this.activeTab}` : "";
      return window.location.pathname + window.location.search + tab;
    },
  };
}

function say(selector, attribute, expression) {
  for (const element of document.querySelectorAll(selector)) element.setAttribute(attribute, expression);
}

document.addEventListener("alpine:init", () => {
  // The theme's own, from its app.js.
  Alpine.data("theme", theme);
  Alpine.data("searchForm", searchForm);
  Alpine.data("page", page);
  say("body", "x-data", "page");
  document.body.removeAttribute("x-init");
  say("form[x-bind\\:action]", "x-bind:action", "formAction");
  say("#changelist-actions", "x-bind:style", "{ width: changeListWidth + 'px' }");
  say(`[x-on\\:click^="${OPEN} ="]`, "x-on:click", `${OPEN} = !${OPEN}`);
});
