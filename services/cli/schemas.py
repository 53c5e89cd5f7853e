"""`touchstone schemas`: publish what is new, prove what is published, describe it all."""

import typer

import schemas
from services.terminal import Format, FormatOption, emit, say
from services.wording import counted

app = typer.Typer(
    name="schemas",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="The contract on the wire: Avro schemas, golden bytes, the AsyncAPI document.",
)


@app.command()
def generate(output: FormatOption = Format.TEXT) -> None:
    """Publish the schemas and golden bytes that are missing, and bring asyncapi.yaml up to date.

    Run it in a checkout after adding a touchpoint or raising a type's version.
    What is published is never written again: a type that differs from its
    published schema is refused.
    """
    from services.schemas.asyncapi import ASYNCAPI_FILE, document_text
    from services.schemas.publish import publish

    published = publish()
    text = document_text()
    rewritten = not ASYNCAPI_FILE.is_file() or ASYNCAPI_FILE.read_text("utf-8") != text
    if rewritten:
        ASYNCAPI_FILE.write_text(text, "utf-8", newline="\n")
    if output is Format.JSON:
        emit({"published": published, "asyncapi_rewritten": rewritten})
        return
    for schema in published:
        say(f"published {schema}")
    if rewritten:
        say(f"wrote {ASYNCAPI_FILE.name}")
    if not published and not rewritten:
        say("nothing to publish")


@app.command()
def check(output: FormatOption = Format.TEXT) -> None:
    """Prove that types, schemas, golden bytes and asyncapi.yaml agree; exit code 4 if not.

    Also: every version of an event type reads what every other wrote, and no two
    schemas share a fingerprint.
    """
    from services.schemas.check import contract_faults
    from services.schemas.errors import ContractBroken

    faults = tuple(contract_faults())
    published = schemas.published()
    if output is Format.JSON:
        emit({"schemas": len(published), "faults": faults})
    if faults:
        raise ContractBroken(faults)
    if output is Format.TEXT:
        say(counted(len(published), "published schema holds", "published schemas hold"))


@app.command()
def asyncapi() -> None:
    """Print the AsyncAPI 3 document as YAML."""
    from services.schemas.asyncapi import document_text

    say(document_text().rstrip("\n"))
