from django.urls import path

from workspaces import views
from workspaces.custom import settings as custom

urlpatterns = [
    path("", views.workspace_settings, name="workspace_settings"),
    path("members/", views.member_list, name="member_list"),
    path("members/invite/", views.member_invite, name="member_invite"),
    path("members/<int:pk>/", views.member_edit, name="member_edit"),
    path("invitations/<int:pk>/", views.invitation_link, name="invitation_link"),
    path("invitations/<int:pk>/revoke/", views.invitation_revoke, name="invitation_revoke"),
    path("teams/new/", views.team_new, name="team_new"),
    path("fields/", custom.custom_fields, name="custom_fields"),
    path("fields/new/<slug:entity>/", custom.custom_field_new, name="custom_field_new"),
    path("fields/<int:pk>/", custom.custom_field_edit, name="custom_field_edit"),
    path("fields/<int:pk>/move/", custom.custom_field_move, name="custom_field_move"),
    path("fields/<int:pk>/archive/", custom.custom_field_archive, name="custom_field_archive"),
    path("fields/<int:pk>/restore/", custom.custom_field_restore, name="custom_field_restore"),
    path("leave/", views.workspace_leave, name="workspace_leave"),
]
