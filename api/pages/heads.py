"""The pages for heads, as one router."""

from fastapi import APIRouter

from api.pages import compare, milestones, money, portfolio, risks, trend, views

router = APIRouter()
for each in (portfolio, milestones, risks, money, trend, compare, views):
    router.include_router(each.router)
