// The option that names the store, the same for every command.
import { Option } from 'commander';

export function storeOption(): Option {
  return new Option('--store <url>', 'where conversations are kept, such as sqlite:verbatim.db or memory:')
    .env('VERBATIM_STORE')
    .default('sqlite:verbatim.db');
}
