"""Below settings/."""

from django.urls import path

from automation import mailbox_views
from automation import rule_views as rules
from automation import settings_views as views

urlpatterns = [
    path("rules/", rules.rule_list, name="rule_list"),
    path("rules/new/", rules.rule_new, name="rule_new"),
    path("rules/order/", rules.rule_order, name="rule_order"),
    path("rules/log/", rules.rule_runs, name="rule_runs"),
    path("rules/log/<int:pk>/again/", rules.run_again, name="run_again"),
    path("rules/log/calls/<int:pk>/again/", rules.call_again, name="call_again"),
    path("rules/<int:pk>/", rules.rule_edit, name="rule_edit"),
    path("rules/<int:pk>/switch/", rules.rule_switch, name="rule_switch"),
    path("rules/<int:pk>/try/", rules.rule_try, name="rule_try"),
    path("rules/<int:pk>/copy/", rules.rule_copy, name="rule_copy"),
    path("rules/<int:pk>/delete/", rules.rule_delete, name="rule_delete"),
    path("rules/<int:pk>/restore/", rules.rule_restore, name="rule_restore"),
    path("templates/", views.template_list, name="template_list"),
    path("templates/new/", views.template_new, name="template_new"),
    path("templates/<int:pk>/", views.template_edit, name="template_edit"),
    path("templates/<int:pk>/archive/", views.template_archive, name="template_archive"),
    path("templates/<int:pk>/restore/", views.template_restore, name="template_restore"),
    path("suppressed/", views.suppression_list, name="suppression_list"),
    path("suppressed/new/", views.suppression_new, name="suppression_new"),
    path("suppressed/<int:pk>/lift/", views.suppression_lift, name="suppression_lift"),
    path("suppressed/back/<str:token>/", views.suppression_back, name="suppression_back"),
    path("mailboxes/", mailbox_views.mailbox_list, name="mailbox_list"),
    path("mailboxes/new/", mailbox_views.mailbox_new, name="mailbox_new"),
    path("mailboxes/new/<slug:kind>/", mailbox_views.mailbox_add, name="mailbox_add"),
    path("mailboxes/<int:pk>/", mailbox_views.mailbox_edit, name="mailbox_edit"),
    path("mailboxes/<int:pk>/test/", mailbox_views.mailbox_test, name="mailbox_test"),
    path("mailboxes/<int:pk>/pause/", mailbox_views.mailbox_pause, name="mailbox_pause"),
    path("mailboxes/<int:pk>/delete/", mailbox_views.mailbox_delete, name="mailbox_delete"),
    path("mailboxes/<int:pk>/restore/", mailbox_views.mailbox_restore, name="mailbox_restore"),
    path("mailboxes/<int:pk>/address/", mailbox_views.mailbox_address, name="mailbox_address"),
    path("mailboxes/<int:pk>/connect/", mailbox_views.mailbox_connect, name="mailbox_connect"),
    path("mailboxes/<int:pk>/connected/", mailbox_views.mailbox_connected, name="mailbox_connected"),
]
