from django.urls import path

from activities import views

urlpatterns = [
    path("records/<slug:kind>/<int:pk>/timeline/", views.timeline, name="timeline"),
    path("records/<slug:kind>/<int:pk>/tasks/new/", views.task_new, name="task_new"),
    path("records/<slug:kind>/<int:pk>/<slug:mode>/", views.compose, name="compose"),
    path("tasks/<int:pk>/done/", views.task_done, name="task_done"),
    path("tasks/<int:pk>/reopen/", views.task_reopen, name="task_reopen"),
    path("notes/<int:pk>/", views.note_edit, name="note_edit"),
]
