"""Below settings/."""

from django.urls import path

from automation import settings_views as views

urlpatterns = [
    path("templates/", views.template_list, name="template_list"),
    path("templates/new/", views.template_new, name="template_new"),
    path("templates/<int:pk>/", views.template_edit, name="template_edit"),
    path("templates/<int:pk>/archive/", views.template_archive, name="template_archive"),
    path("templates/<int:pk>/restore/", views.template_restore, name="template_restore"),
    path("suppressed/", views.suppression_list, name="suppression_list"),
    path("suppressed/new/", views.suppression_new, name="suppression_new"),
    path("suppressed/<int:pk>/lift/", views.suppression_lift, name="suppression_lift"),
    path("suppressed/back/<str:token>/", views.suppression_back, name="suppression_back"),
]
