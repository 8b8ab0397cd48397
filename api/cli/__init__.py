"""`muster`: what an operator runs by hand.

Exit codes: 0 all well; 1 something failed and the message says what to do; 2 the command or a file is
not as expected; 3 a sync ended with part of a source unread.
"""

import sys

import typer
from pydantic import ValidationError

from api.cli import (
    account,
    account_password,
    answer,
    audit,
    bi,
    changes,
    configure,
    conflict,
    cycle,
    demo,
    discover,
    finding,
    mapping,
    matching,
    outcomes,
    policy,
    read,
    secrets,
    serve,
    source,
    submission,
    sync,
    template,
    verify,
    workbook,
)
from api.cli.common import USAGE, Failed, open_store, quiet_libraries, whoever_types
from api.cli.stopping import STOPPED, end_as_by_hand
from api.signin.tokens import token_commands
from config.process import tune
from model.audit import Way
from sync.audit import Cause, caused_by

app = typer.Typer(
    no_args_is_help=True,
    help="One project model out of Jira, Azure DevOps and Excel, with a receipt for every number.",
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for commands in (
    configure, discover, mapping, sync, read, answer, serve, template, finding, cycle, submission, workbook, matching,
    conflict, policy, outcomes, verify, changes, demo,
):  # fmt: skip
    commands.register(app)
app.add_typer(token_commands(open_store), name="token")
app.add_typer(source.app, name="source")
app.add_typer(bi.app, name="bi")
app.add_typer(audit.app, name="audit")
app.add_typer(secrets.app, name="secrets")
account_password.register(account.app)
app.add_typer(account.app, name="account")


def main() -> None:
    """Run the command line; every failure is a sentence, never a traceback."""
    end_as_by_hand()
    try:
        quiet_libraries()
        tune()
        with caused_by(Cause(Way.COMMAND, whoever_types())):
            app()
    except Failed as failed:
        typer.echo(f"muster: {failed}", err=True)
        sys.exit(failed.code)
    except KeyboardInterrupt:
        typer.echo("muster: stopped", err=True)
        sys.exit(STOPPED)
    except ValidationError as error:  # of the environment: all other input is checked where it is read
        named = "; ".join(
            f"MUSTER_{str(each['loc'][0]).upper()}: {each['msg']}"
            for each in error.errors(include_input=False)
        )
        typer.echo(f"muster: {named}", err=True)
        sys.exit(USAGE)
    except BrokenPipeError:
        sys.exit(0)


if __name__ == "__main__":
    main()
