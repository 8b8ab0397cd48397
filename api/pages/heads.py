"""The pages for heads, as one router."""

from fastapi import APIRouter

from api.pages import compare, milestones, risks, trend

router = APIRouter()
for each in (milestones, risks, trend, compare):
    router.include_router(each.router)
