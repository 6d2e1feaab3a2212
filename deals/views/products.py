"""The price list, in the settings."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from deals import actions
from deals.forms import ProductForm
from deals.models import Product
from workspaces.access import MemberRequest, member_required
from workspaces.action import Refused
from workspaces.dialogs import dialog, done, form_refused
from workspaces.formats import Formats
from workspaces.models import Role

FORM = "deals/product_edit.html"


@member_required(Role.MANAGER)
def product_list(request: MemberRequest) -> HttpResponse:
    products = Product.objects.filter(workspace=request.workspace).order_by("-is_active", "name")
    return render(request, "deals/product_list.html", {"products": products})


@member_required(Role.MANAGER, methods=("GET", "POST"))
def product_new(request: MemberRequest) -> HttpResponse:
    form = ProductForm(request.POST or None, workspace=request.workspace, formats=Formats.of(request))
    if request.method == "GET" or not form.is_valid():
        return dialog(request, FORM, form)
    try:
        product = actions.create_product(request.workspace, by=request.member, **form.facts())
    except Refused as refusal:
        return form_refused(request, FORM, form, refusal)
    messages.success(request, f"Added {product}.")
    return done(request, reverse("product_list"))


@member_required(Role.MANAGER, methods=("GET", "POST"))
def product_edit(request: MemberRequest, pk: int) -> HttpResponse:
    product = get_object_or_404(Product, workspace=request.workspace, pk=pk)
    form = ProductForm(request.POST or None, workspace=request.workspace, formats=Formats.of(request), edited=product)
    if request.method == "GET" or not form.is_valid():
        return dialog(request, FORM, form, product=product)
    version = form.cleaned_data["version"]
    try:
        product = actions.update_product(product, by=request.member, version=version, **form.facts())
    except Refused as refusal:
        return form_refused(request, FORM, form, refusal, product=product)
    messages.success(request, f"Changed {product}.")
    return done(request, reverse("product_list"))
