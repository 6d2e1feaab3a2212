from django.urls import path

from leads import views

urlpatterns = [
    path("leads/", views.lead_list, name="lead_list"),
    path("leads/filter/<slug:name>/", views.lead_filter, name="lead_filter"),
    path("leads/new/", views.lead_new, name="lead_new"),
    path("leads/<int:pk>/", views.lead_detail, name="lead_detail"),
    path("leads/<int:pk>/edit/", views.lead_edit, name="lead_edit"),
    path("leads/<int:pk>/qualify/", views.lead_qualify, name="lead_qualify"),
    path("companies/", views.company_list, name="company_list"),
    path("companies/filter/<slug:name>/", views.company_filter, name="company_filter"),
    path("companies/new/", views.company_new, name="company_new"),
    path("companies/suggest/", views.company_suggest, name="company_suggest"),
    path("companies/<int:pk>/", views.company_detail, name="company_detail"),
    path("companies/<int:pk>/edit/", views.company_edit, name="company_edit"),
    path("contacts/", views.contact_list, name="contact_list"),
    path("contacts/filter/<slug:name>/", views.contact_filter, name="contact_filter"),
    path("contacts/new/", views.contact_new, name="contact_new"),
    path("contacts/suggest/", views.contact_suggest, name="contact_suggest"),
    path("contacts/<int:pk>/", views.contact_detail, name="contact_detail"),
    path("contacts/<int:pk>/edit/", views.contact_edit, name="contact_edit"),
]
