"""dnalect serve genomes/ --model my-model"""

from dnalect.cli.options import command
from dnalect.core.errors import ConfigError
from dnalect.serve.options import Options


@command("serve", Options)
def serve(options: Options) -> None:
    """Serve the page on any model, and score your own files in it.

    FOLDER: whose genomes, annotations and models may be used in the page; nothing else on this machine is.

    \b
    dnalect serve
    dnalect serve genomes/ --model my-finetuned-model
    """
    try:
        from dnalect.serve.run import serve as run
    except ModuleNotFoundError as error:
        if str(error.name).startswith("dnalect"):
            raise
        raise ConfigError(f"dnalect serve needs {error.name}: pip install 'dnalect[serve]'") from error
    run(options)
