import { vectors } from './vectors.ts';

vectors('driving-licence-token', {
  found: ['driving licence F162823540116', "driver's license D123-4567-8901"],
  left: ['F162823540116', 'license key F162823540116'],
});
