"""The pages for heads, as one router."""

from fastapi import APIRouter

from api.pages import compare, milestones, money, risks, trend

router = APIRouter()
for each in (milestones, risks, money, trend, compare):
    router.include_router(each.router)
