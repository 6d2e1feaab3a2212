from django.urls import path

from deals.views import board, conversion, deal, listing, search

urlpatterns = [
    path("deals/", board.deal_board, name="deal_board"),
    path("deals/lanes/<int:pk>/", board.deal_lane, name="deal_lane"),
    path("deals/changes/", board.deal_changes, name="deal_changes"),
    path("deals/filter/<slug:name>/", board.deal_filter, name="deal_filter"),
    path("deals/list/", listing.deal_list, name="deal_list"),
    path("deals/list/filter/<slug:name>/", listing.deal_list_filter, name="deal_list_filter"),
    path("deals/new/", board.deal_new, name="deal_new"),
    path("deals/undo/<int:pk>/", board.deal_undo, name="deal_undo"),
    path("deals/<int:pk>/", deal.deal_detail, name="deal_detail"),
    path("deals/<int:pk>/edit/<slug:field>/", deal.deal_edit, name="deal_edit"),
    path("deals/<int:pk>/move/", board.deal_move, name="deal_move"),
    path("deals/<int:pk>/delete/", board.deal_delete, name="deal_delete"),
    path("deals/<int:pk>/restore/", board.deal_restore, name="deal_restore"),
    path("deals/<int:pk>/contacts/", deal.deal_contact_add, name="deal_contact_add"),
    path("deals/<int:pk>/contacts/<int:contact_pk>/remove/", deal.deal_contact_remove, name="deal_contact_remove"),
    path("leads/<int:pk>/deal/", conversion.lead_deal, name="lead_deal"),
    path("leads/<int:pk>/convert/", conversion.lead_convert, name="lead_convert"),
    path("leads/<int:pk>/convert/undo/", conversion.lead_convert_undo, name="lead_convert_undo"),
    path("search/", search.search_page, name="search_page"),
]
