"""How the Django admin looks, and what stands beside it (django-unfold)."""

UNFOLD = {
    "SITE_TITLE": "Dealwright admin",
    "SITE_HEADER": "Dealwright",
    "SITE_SYMBOL": "handshake",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "workspaces.admin_site.favicon"}],
    "SITE_URL": "workspaces.admin_site.site_url",
    "SHOW_VIEW_ON_SITE": False,
    "ACCOUNT": {"navigation": "workspaces.admin_site.account_links"},
    "SIDEBAR": {"navigation": "workspaces.admin_site.navigation"},
    "STYLES": ["workspaces.admin_site.stylesheet"],
    "SCRIPTS": ["workspaces.admin_site.script"],
}
