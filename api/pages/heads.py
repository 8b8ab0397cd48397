"""The pages for heads, as one router."""

from fastapi import APIRouter

from api.pages import milestones

router = APIRouter()
for each in (milestones,):
    router.include_router(each.router)
