from django.urls import path

from automation import campaign_views as campaigns
from automation import mail_views as mails
from automation import views

urlpatterns = [
    path("inbox/", views.inbox, name="inbox"),
    path("inbox/new/", views.replies_new, name="replies_new"),
    path("inbox/classes/", views.reply_report, name="reply_report"),
    path("inbox/<int:pk>/", views.message_detail, name="message_detail"),
    path("inbox/<int:pk>/accept/", views.message_accept, name="message_accept"),
    path("inbox/<int:pk>/class/", views.message_class, name="message_class"),
    path("inbox/<int:pk>/undo/", views.message_undo, name="message_undo"),
    path("inbox/<int:pk>/done/", views.message_done, name="message_done"),
    path("inbox/<int:pk>/reopen/", views.message_reopen, name="message_reopen"),
    path("inbox/<int:pk>/again/", views.message_again, name="message_again"),
    path("inbox/<int:pk>/link/", views.message_link, name="message_link"),
    path("inbox/<int:pk>/lead/", views.message_lead, name="message_lead"),
    path("inbox/<int:pk>/effects/<int:effect_pk>/undo/", views.effect_undo, name="effect_undo"),
    path("inbox/<int:pk>/reply/", mails.mail_reply, name="mail_reply"),
    path("records/<slug:kind>/<int:pk>/mail/new/", mails.mail_new, name="mail_new"),
    path("mail/<int:pk>/call-back/", mails.mail_call_back, name="mail_call_back"),
    path("mail/<int:pk>/again/", mails.mail_again, name="mail_again"),
    path("campaigns/", campaigns.campaign_list, name="campaign_list"),
    path("campaigns/new/", campaigns.campaign_new, name="campaign_new"),
    path("campaigns/pace/", campaigns.pace_edit, name="pace_edit"),
    path("campaigns/<int:pk>/", campaigns.campaign_detail, name="campaign_detail"),
    path("campaigns/<int:pk>/start/", campaigns.campaign_start, name="campaign_start"),
    path("campaigns/<int:pk>/pause/", campaigns.campaign_pause, name="campaign_pause"),
    path("campaigns/<int:pk>/add/", campaigns.campaign_add, name="campaign_add"),
    path("campaigns/<int:pk>/steps/new/", campaigns.step_new, name="step_new"),
    path("campaigns/<int:pk>/steps/order/", campaigns.step_order, name="step_order"),
    path("campaigns/steps/<int:pk>/", campaigns.step_edit, name="step_edit"),
    path("campaigns/steps/<int:pk>/remove/", campaigns.step_remove, name="step_remove"),
    path("campaigns/steps/<int:pk>/restore/", campaigns.step_restore, name="step_restore"),
    path("campaigns/members/<int:pk>/stop/", campaigns.member_stop, name="member_stop"),
    path("campaigns/members/<int:pk>/resume/", campaigns.member_resume, name="member_resume"),
    path("inbox/<int:pk>/html/", views.message_html, name="message_html"),
    path("inbox/<int:pk>/files/<int:number>/", views.message_file, name="message_file"),
    path("inbox/<int:pk>/files/<int:number>/keep/", views.message_keep, name="message_keep"),
    path("inbox/<int:pk>/raw/", views.message_raw, name="message_raw"),
]
