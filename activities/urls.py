from django.urls import path

from activities import feed_views as feeds
from activities import file_views, logged_views, views
from activities import notification_views as notifications
from activities import task_views as tasks

urlpatterns = [
    path("records/<slug:kind>/<int:pk>/timeline/", views.timeline, name="timeline"),
    path("records/<slug:kind>/<int:pk>/mentions/", views.mention_suggest, name="mention_suggest"),
    path("records/deal/<int:pk>/follow/<slug:state>/", notifications.follow, name="follow"),
    path("records/<slug:kind>/<int:pk>/tasks/new/", views.task_new, name="task_new"),
    path("records/<slug:kind>/<int:pk>/files/", file_views.file_add, name="file_add"),
    path("files/<int:pk>/", file_views.file_download, name="file_download"),
    path("files/<int:pk>/delete/", file_views.file_delete, name="file_delete"),
    path("files/<int:pk>/restore/", file_views.file_restore, name="file_restore"),
    path("records/<slug:kind>/<int:pk>/<slug:mode>/", views.compose, name="compose"),
    path("logged/<int:pk>/delete/", logged_views.logged_delete, name="logged_delete"),
    path("logged/<int:pk>/restore/", logged_views.logged_restore, name="logged_restore"),
    path("notifications/", notifications.notification_list, name="notification_list"),
    path("notifications/newest/", notifications.notification_menu, name="notification_menu"),
    path("notifications/bell/", notifications.notification_bell, name="notification_bell"),
    path("notifications/mail/", notifications.delivery, name="delivery"),
    path("notifications/read/", notifications.notification_read_all, name="notification_read_all"),
    path("notifications/unread/<str:moment>/", notifications.notification_unread, name="notification_unread"),
    path("notifications/<int:pk>/read/", notifications.notification_read, name="notification_read"),
    path("tasks/", tasks.task_list, name="task_list"),
    path("tasks/filter/<slug:name>/", tasks.task_filter, name="task_filter"),
    path("calendar/feed/", feeds.calendar_feed, name="calendar_feed"),
    path("calendar/", tasks.calendar, name="calendar"),
    path("tasks/add/", tasks.task_add, name="task_add"),
    path("tasks/<int:pk>/", views.task_menu, name="task_menu"),
    path("tasks/<int:pk>/edit/", views.task_edit, name="task_edit"),
    path("tasks/<int:pk>/reschedule/", views.task_reschedule, name="task_reschedule"),
    path("tasks/<int:pk>/done/", views.task_done, name="task_done"),
    path("tasks/<int:pk>/invite/", tasks.meeting_invite, name="meeting_invite"),
    path("tasks/<int:pk>/cancel/", views.task_cancel, name="task_cancel"),
    path("tasks/<int:pk>/reopen/", views.task_reopen, name="task_reopen"),
    path("tasks/<int:pk>/undo/<int:version>/", views.task_undo, name="task_undo"),
    path("notes/<int:pk>/", views.note_edit, name="note_edit"),
    path("notes/<int:pk>/delete/", views.note_delete, name="note_delete"),
    path("notes/<int:pk>/restore/", views.note_restore, name="note_restore"),
]
