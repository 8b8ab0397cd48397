import pytest

from config.secrets import SecretMissing, check_references, masked, resolve, stand_in


def test_a_secret_in_the_file_itself_is_refused_without_showing_it() -> None:
    with pytest.raises(SecretMissing, match="token holds a secret itself") as caught:
        check_references({"auth": {"token": "hunter2"}}, where="jira")
    assert "hunter2" not in str(caught.value)


def test_a_proxy_with_a_password_in_it_must_be_a_reference() -> None:
    with pytest.raises(SecretMissing, match="proxy holds a password") as caught:
        check_references({"proxy": "http://me:hunter2@proxy.example:8080"}, where="jira")
    assert "hunter2" not in str(caught.value)
    check_references({"proxy": "http://proxy.example:8080"}, where="jira")


def test_references_become_values_only_when_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROXY", "http://me:hunter2@proxy.example:8080")
    block = {"proxy": "env:PROXY", "base_url": "env:NOT-A-SECRET-KEY"}

    assert resolve(block, where="jira")["proxy"] == "http://me:hunter2@proxy.example:8080"
    assert resolve(block, where="jira")["base_url"] == "env:NOT-A-SECRET-KEY"
    assert stand_in(block)["proxy"].startswith("https://")


def test_a_reference_that_leads_nowhere_names_the_variable() -> None:
    with pytest.raises(SecretMissing, match="env:NOBODY_SET_THIS, but that variable is not set"):
        resolve({"auth": {"token": "env:NOBODY_SET_THIS"}}, where="jira")


def test_what_is_shown_of_a_block_holds_no_share_link() -> None:
    shown = masked(
        {"workbooks": [{"url": "https://contoso.example/:x:/s/secret"}], "auth": {"token": "env:T"}}
    )

    assert shown == {"workbooks": [{"url": "***"}], "auth": {"token": "env:T"}}
