"""Pages outside the workspaces. Everything else is mounted at /w/<slug>/: crm_project/workspace_urls.py."""

from django.urls import include, path

from activities.feed_views import calendar_ics
from activities.unsubscribing import unsubscribe
from automation.inlet_views import api_inbound, inlet
from automation.mailbox_views import mail_connected
from automation.opting_out import opt_out_page
from workspaces import views
from workspaces.admin_site import site

urlpatterns = [
    path("", views.home, name="home"),
    path("workspaces/", views.workspace_list, name="workspace_list"),
    path("workspaces/new/", views.workspace_new, name="workspace_new"),
    path("invitations/<str:token>/", views.invitation_accept, name="invitation_accept"),
    path("unsubscribe/<str:token>/", unsubscribe, name="unsubscribe"),
    path("opt-out/<str:token>/", opt_out_page, name="opt_out"),
    path("inbound/<slug:provider>/<str:token>", inlet, name="inlet"),
    path("inbound/<slug:provider>/<str:token>/mime", inlet, name="inlet_mime"),
    path("api/inbound", api_inbound, name="api_inbound"),
    path("mail/connected/", mail_connected, name="mail_connected"),
    path("calendars/<str:token>.ics", calendar_ics, name="calendar_ics"),
    path("profile/", views.profile, name="profile"),
    path("accounts/", include("allauth.urls")),
    path("admin/", site.urls),
]

handler400 = "workspaces.views.bad_request"
handler403 = "workspaces.views.permission_denied"
handler404 = "workspaces.views.not_found"
handler500 = "workspaces.views.server_error"
