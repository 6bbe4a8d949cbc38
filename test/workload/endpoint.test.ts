import { Endpoint } from '../../lib';

test('an endpoint is a name and a port', () => expect(new Endpoint('db', 5432)).toEqual({ host: 'db', port: 5432 }));
