"""The pages for heads, as one router."""

from fastapi import APIRouter

from api.pages import milestones, risks

router = APIRouter()
for each in (milestones, risks):
    router.include_router(each.router)
