"""The pages of a workspace, below /w/<slug>/ (workspaces/middleware.py mounts them there)."""

from django.urls import include, path

from workspaces import views
from workspaces.admin_site import site
from workspaces.live import events

urlpatterns = [
    path("", views.workspace_home, name="workspace_home"),
    path("events/", events, name="events"),
    path("settings/", include("workspaces.urls")),
    path("settings/", include("deals.settings_urls")),
    path("settings/", include("automation.settings_urls")),
    path("", include("deals.urls")),
    path("", include("leads.urls")),
    path("", include("activities.urls")),
    path("", include("automation.urls")),
    path("", include("connectors.urls")),
    path("", include("insights.urls")),
    path("admin/", site.urls),
]

handler400 = "workspaces.views.bad_request"
handler403 = "workspaces.views.permission_denied"
handler404 = "workspaces.views.not_found"
handler500 = "workspaces.views.server_error"
