"""Every module of pages. Where two paths fit one address, the module that stands first answers."""

from typing import Final

from api.pages import accounts as account_pages
from api.pages import audit as audit_pages
from api.pages import board, collect_board, form, heads, project, pulled, receipt, signin
from api.pages import changes as change_pages
from api.pages import collect_open as collect_open_pages
from api.pages import conflicts as conflict_pages
from api.pages import findings as finding_pages
from api.pages import glossary as glossary_pages
from api.pages import hand_claims as hand_claim_pages
from api.pages import mapping_editor as mapping_pages
from api.pages import matching as matching_pages
from api.pages import outcomes as outcome_pages
from api.pages import own_account as own_account_pages
from api.pages import policies as policy_pages
from api.pages import policy_editor as policy_editor_pages
from api.pages import preferences as preference_pages
from api.pages import raw_page as raw_page_pages
from api.pages import rollup as rollup_pages
from api.pages import search as search_pages
from api.pages import signin_provider as provider_pages
from api.pages import source as source_pages
from api.pages import source_draft as source_draft_pages
from api.pages import template_editor as template_editor_pages
from api.pages import template_tailoring as tailoring_pages
from api.pages import templates as template_pages
from api.pages import tokens as token_pages
from api.pages import workbook as workbook_pages

PAGES: Final = (
    audit_pages,
    board,
    heads,
    change_pages,
    project,
    receipt,
    raw_page_pages,
    rollup_pages,
    pulled,
    source_draft_pages,
    mapping_pages,
    source_pages,
    signin,
    provider_pages,
    own_account_pages,
    token_pages,
    form,
    collect_open_pages,
    collect_board,
    finding_pages,
    matching_pages,
    conflict_pages,
    hand_claim_pages,
    template_editor_pages,
    tailoring_pages,
    template_pages,
    policy_editor_pages,
    policy_pages,
    outcome_pages,
    workbook_pages,
    search_pages,
    preference_pages,
    glossary_pages,
    account_pages,
)
