import { strict as assert } from 'node:assert';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

type Paths = Readonly<Record<string, Readonly<Record<string, object>>>>;

/** Checks bodies by the document that the server gives to the world. */
export class OpenApi {
  readonly #paths: Paths;
  readonly #ajv = new Ajv2020({ strict: false });

  constructor(document: object) {
    this.#ajv.addSchema(document, 'openapi');
    this.#paths = (document as { paths: Paths }).paths;
  }

  request(path: string, verb: string, body: unknown): void {
    this.#check(path, verb, 'requestBody/content/application~1json/schema', body);
  }

  answer(path: string, verb: string, status: number, body: unknown): void {
    const error = this.#validate('openapi#/components/responses/Error/content/application~1json/schema');
    if (status === 200) this.#check(path, verb, 'responses/200/content/application~1json/schema', body);
    else assert.ok(error(body), JSON.stringify(error.errors));
  }

  #check(path: string, verb: string, part: string, body: unknown): void {
    assert.ok(this.#paths[path]?.[verb.toLowerCase()] !== undefined, `OpenAPI has ${verb} ${path}`);
    const validate = this.#validate(`openapi#/paths/${encodeURIComponent(path.replaceAll('/', '~1'))}/${verb.toLowerCase()}/${part}`);
    assert.ok(validate(body), `${verb} ${path}: ${JSON.stringify(validate.errors)} in ${JSON.stringify(body)}`);
  }

  #validate(reference: string): ValidateFunction {
    const found = this.#ajv.getSchema(reference);
    assert.ok(found !== undefined, `OpenAPI has ${reference}`);
    return found;
  }
}
