// What a person asks of `npm run deploy`. What it does not know is for wrangler.

/** What is uploaded, and how. */
export interface DeploymentArguments {
  /** Of wrangler.toml; empty: production, the top level. */
  environment: string;
  /** Another file than wrangler.toml; null: none. */
  config: string | null;
  /** A version that gets no visitors yet. */
  isUploadOnly: boolean;
  /** Files of secrets that are uploaded with the version, by the names of the secrets. */
  secretFiles: Map<string, string>;
  forwarded: string[];
}

/** @throws Error where a value is missing, or would be seen by others on this machine */
export function readDeploymentArguments(argv: readonly string[]): DeploymentArguments {
  const read: DeploymentArguments = {
    environment: '',
    config: null,
    isUploadOnly: false,
    secretFiles: new Map(),
    forwarded: [],
  };
  const rest = [...argv];
  const nextValue = (option: string, given: string | undefined): string => {
    const value = given ?? rest.shift();
    if (value === undefined) throw new Error(`${option} needs a value.`);
    return value;
  };
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    const [, option = '', given] = /^(-{1,2}[a-z-]+)(?:=(.*))?$/s.exec(argument) ?? [];
    switch (option) {
      case '--env':
      case '-e':
        read.environment = nextValue(option, given);
        break;
      case '--config':
      case '-c':
        read.config = nextValue(option, given);
        break;
      case '--upload-only':
        read.isUploadOnly = true;
        break;
      case '--secret': {
        const [, name, file] = /^([A-Z_]+)=(.+)$/s.exec(nextValue(option, given)) ?? [];
        // The value is not repeated: it may be the secret itself.
        if (name === undefined || file === undefined) {
          throw new Error('--secret takes a name and a file with the secret: --secret SIGNING_KEYS=keys.json');
        }
        read.secretFiles.set(name, file);
        break;
      }
      case '--var':
      case '--secrets-file':
      case '--keep-vars':
        throw new Error(
          `${option} would be uploaded without a check. Set variables in wrangler.toml or in the environment, and give secrets as --secret NAME=FILE.`,
        );
      default:
        read.forwarded.push(argument);
    }
  }
  return read;
}
